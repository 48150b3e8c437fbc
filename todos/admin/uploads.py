"""Uploads of attachments from the pages of todos and comments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from core.admin.actions import run_and_redirect
from core.admin.permissions import request_user
from core.admin.urls import page_url
from core.characters import isolate
from core.errors import DomainError, Invalid, Missing
from core.forms import once
from files.content import IMAGES
from files.models import StoredFile
from files.uploads import receiving
from todos.models import Attachment, Comment, Todo
from todos.services.attachments import add_attachment

MAX_SHOWN = 100
MOST_OF_IMAGE = 20 * 1024 * 1024  # bytes that a page loads as a preview


class Uploads:
    """The view that takes files for a todo or a comment, and what its form shows."""

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin = model_admin
        meta = model_admin.opts
        self.name = f"{meta.app_label}_{meta.model_name}_attach"

    def urls(self) -> list[URLPattern]:
        """Return the address of uploads.

        The CSRF check reads the form, so it comes after the handler that encrypts the
        files of the form has been installed.
        """
        checked = csrf_protect(require_POST(self.upload))
        guarded = self.model_admin.admin_site.admin_view(csrf_exempt(checked))

        @csrf_exempt
        def receive(request: HttpRequest, pk: UUID) -> HttpResponseBase:
            try:
                with receiving(request):
                    return guarded(request, pk)
            except DomainError as refusal:  # while the form was read
                messages.error(request, str(refusal.message))
                page = page_url(self.model_admin.model, "change", pk)
                return HttpResponseRedirect(page)

        return [path("<uuid:pk>/attachments/add/", receive, name=self.name)]

    def context(self, request: HttpRequest, row: Todo | Comment) -> dict[str, Any]:
        """Return the context of the attachments below a todo or a comment."""
        user = request_user(request)
        role = row.list.role
        rows = list(attachments_of(user, row)[:MAX_SHOWN])
        for attachment in rows:
            attachment.can_remove = attachment.is_removable_by(user, role=role)
            attachment.shows_image = is_previewed(attachment.file)
        may_add = user.has_perm("todos.add_attachment")
        most = settings.FILE_LIMIT
        context: dict[str, Any] = {"attachments": rows, "most_of_file": most}
        if may_add and self.model_admin.has_change_permission(request, row):
            context["attach_url"] = reverse(f"admin:{self.name}", args=[row.pk])
            context["attach_once"] = once.new_token(user)
        return context

    def upload(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Attach the files of the form, all or none."""
        page = page_url(self.model_admin.model, "change", pk)

        def run() -> str:
            row = self.model_admin.get_object(request, str(pk))
            if row is None:
                raise Missing
            return self._attach(request, row)

        return run_and_redirect(request, run, page_url(Todo, "changelist"), page)

    def _attach(self, request: HttpRequest, row: Todo | Comment) -> str:
        sent: list[Any] = request.FILES.getlist("file")
        if not sent:
            raise Invalid(_("Choose a file first."))
        user, now = request_user(request), timezone.now()
        todo, comment = (row, None) if isinstance(row, Todo) else (row.todo, row)
        with transaction.atomic():
            once.claim(user, request.POST, now)
            for file in sent:
                attachment = add_attachment(
                    actor=user,
                    todo=todo,
                    comment=comment,
                    received=file.received,
                    now=now,
                )
        if len(sent) == 1:
            return _("“%s” was attached.") % isolate(attachment.name)
        text = ngettext("%d file was attached.", "%d files were attached.", len(sent))
        return text % len(sent)


def is_previewed(file: StoredFile) -> bool:
    """Return whether pages show the file itself, as an image."""
    return file.media_type in IMAGES and file.size <= MOST_OF_IMAGE


def attachments_of(user: Any, row: Todo | Comment) -> QuerySet[Any]:
    """Return the attachments of a todo, or of a comment, that the user sees."""
    rows = Attachment.objects.visible_to(user).select_related("file")
    of_row = {"todo": row} if isinstance(row, Todo) else {"comment": row}
    return rows.filter(**of_row).order_by("created_at", "pk")
