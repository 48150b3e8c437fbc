"""Pages of single attachments: preview, download, rename, delete."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.admin.changeform import ChangeForm
from core.admin.forms import ServiceForm
from core.admin.permissions import request_user
from core.admin.removal import Removal
from core.admin.urls import page_url, with_filters
from core.errors import DomainError
from files.content import TEXT
from files.downloads import download
from files.services import read_file
from todos.admin.base import OfListAdmin
from todos.admin.uploads import is_previewed
from todos.models import Attachment, Todo
from todos.services.attachments import remove_attachment, rename_attachment

MOST_OF_TEXT = 64 * 1024  # bytes


class AttachmentForm(ServiceForm):
    """The name of an attachment."""

    class Meta:
        model = Attachment
        fields = ("name",)


class AttachmentChangeForm(ChangeForm[Attachment, AttachmentForm]):
    """Previews and renames an attachment."""

    def context(self, request: HttpRequest, row: Attachment | None) -> dict[str, Any]:
        if row is None:
            return {}
        file = row.file
        if is_previewed(file):
            return {"shows_image": True}
        if file.media_type == TEXT:
            return {"text": text_of(row), "is_cut": file.size > MOST_OF_TEXT}
        return {}

    def change(self, actor: User, form: AttachmentForm, now: datetime) -> None:
        rename_attachment(
            actor=actor,
            attachment=form.row,
            name=form.cleaned_data["name"],
            expected=form.expected,
            now=now,
        )


class AttachmentRemoval(Removal[Attachment]):
    """Deletes an attachment and leads back to its todo."""

    consequence = gettext_lazy("It cannot be restored.")

    def remove(self, actor: User, row: Attachment, now: datetime) -> None:
        remove_attachment(actor=actor, attachment=row, now=now)

    def url_after(self, row: Attachment) -> str:
        return page_url(Todo, "change", row.todo_id)


@admin.register(Attachment)
class AttachmentAdmin(OfListAdmin[Attachment]):
    """An attachment; they are added on the pages of todos and comments."""

    changeform_class = AttachmentChangeForm
    removal_class = AttachmentRemoval
    form = AttachmentForm
    resource_type = "attachment"
    fieldsets = ((None, {"fields": ("name",)}),)

    def get_urls(self) -> list[URLPattern]:
        content = self.admin_site.admin_view(self.content_view)
        route = path("<uuid:pk>/content/", content, name="todos_attachment_content")
        return [route, *super().get_urls()]

    def get_rows(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_rows(request).select_related("todo", "file")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def can_edit(self, request: HttpRequest, row: Attachment) -> bool:
        is_own = row.is_editable_by(request_user(request))
        return is_own and super().can_edit(request, row)

    def can_delete(self, request: HttpRequest, row: Attachment) -> bool:
        user, role = request_user(request), row.list.role
        return row.list.is_writable and row.is_removable_by(user, role=role)

    def content_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Download the file."""
        row = self.get_object(request, str(pk))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        try:
            return download(request, row.file, name=row.name)
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
            return HttpResponseRedirect(page_url(Todo, "change", row.todo_id))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Redirect to the todos: attachments have no changelist."""
        if not self.has_view_permission(request):
            raise Http404
        return HttpResponseRedirect(page_url(Todo, "changelist"))

    def response_post_save_change(
        self, request: HttpRequest, obj: Attachment
    ) -> HttpResponseRedirect:
        url = page_url(Todo, "change", obj.todo_id)
        return HttpResponseRedirect(with_filters(request, obj, url))


def text_of(row: Attachment) -> str:
    """Return the beginning of a text file; empty if it cannot be read."""
    size = min(row.file.size, MOST_OF_TEXT)
    try:
        content = b"".join(read_file(row.file, stop=size)) if size else b""
    except (DomainError, OSError):
        return ""
    return content.decode(errors="replace")
