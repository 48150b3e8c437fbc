"""Pages of lists."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from core.admin.base import ScopedModelAdmin
from core.admin.gone import gone_response
from core.admin.permissions import request_user
from core.admin.urls import page_url, with_filters
from core.characters import isolate
from core.errors import DomainError, Missing, refusal_of
from core.models import Event
from todos.admin import columns
from todos.admin.base import ShowsLists
from todos.admin.filters import ArchivedFilter
from todos.admin.forms import TodoListForm
from todos.admin.inlines import MemberInline
from todos.admin.list_actions import ListBulkActions
from todos.admin.list_changeform import ListChangeForm, ListRemoval
from todos.admin.list_changelist import ListChangelist
from todos.admin.trash import shows_trash
from todos.models import Membership, TodoList
from todos.services.sharing import LastOwner, remove_member


@admin.register(TodoList)
class TodoListAdmin(ShowsLists, ScopedModelAdmin[TodoList]):
    """Lists of which the user is a member."""

    changelist_class = ListChangelist
    changeform_class = ListChangeForm
    removal_class = ListRemoval
    bulk_actions_class = ListBulkActions

    form = TodoListForm
    resource_type = "list"
    icon = "list"
    nav_order = 20
    inlines = (MemberInline,)
    list_display = (
        columns.list_name,
        columns.open_todos,
        columns.your_role,
        columns.shared_with,
        columns.state,
        columns.settings,
    )
    list_display_links = (columns.settings,)
    sortable_by = ()
    list_filter = (ArchivedFilter,)
    search_fields = ("search_key",)
    fieldsets = (
        (None, {"fields": ("name", "colour")}),
        (None, {"fields": ("is_archived", "requires_encrypted_writes")}),
    )

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        trash, leave = guard(self.changelist_view), guard(self.leave_view)
        return [
            path("trash/", trash, name="todos_todolist_trash"),
            path("<uuid:pk>/leave/", leave, name="todos_todolist_leave"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        user = request_user(request)
        lists = TodoList.objects.as_seen_by(user)
        if shows_trash(request):
            lists = TodoList.objects.owned_by(user).with_membership().trashed()
        return lists.in_own_order()

    def can_edit(self, request: HttpRequest, row: TodoList) -> bool:
        return True  # every member has their own colour for it

    def can_delete(self, request: HttpRequest, row: TodoList) -> bool:
        return row.is_manageable

    def history_rows(self, request: HttpRequest, row: TodoList) -> QuerySet[Event]:
        """Return all events in the list, newest first."""
        return Event.objects.filter(stream_id=row.pk).order_by("-seq")

    def leave_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask for confirmation, then leave the list."""
        row: TodoList | None = self.get_object(request, str(pk))
        if row is None:
            return self._left_before(request)
        if request.method == "POST":
            return self._leave(request, row)
        sole_owner = row.sole_owner
        if sole_owner and sole_owner.user_id == request_user(request).pk:
            return self._refuse(request, row, LastOwner())
        context = {
            **self.admin_site.each_context(request),
            "title": _("Leave the list"),
            "subtitle": str(row),
            "opts": self.opts,
            "original": row,
        }
        return TemplateResponse(request, "admin/todos/leave.html", context)

    def _leave(self, request: HttpRequest, row: TodoList) -> HttpResponse:
        user = request_user(request)
        own = Membership.objects.filter(list=row, user=user).first()
        if own is None:
            return self._left_before(request)
        try:
            remove_member(actor=user, membership=own, now=timezone.now())
        except Missing:
            return self._left_before(request)
        except (DomainError, OperationalError) as error:
            return self._refuse(request, row, error)
        messages.success(request, _("You left “%s”.") % isolate(str(row)))
        url = page_url(row, "changelist")
        return HttpResponseRedirect(with_filters(request, row, url))

    def _left_before(self, request: HttpRequest) -> HttpResponse:
        """Answer alike for any list that the user does not see."""
        text = _("You are no longer a member of this list, or it was deleted.")
        return gone_response(request, page_url(TodoList, "changelist"), text)

    def _refuse(
        self, request: HttpRequest, row: TodoList, error: DomainError | OperationalError
    ) -> HttpResponse:
        messages.error(request, str(refusal_of(error).message))
        url = page_url(row, "change", row.pk)
        return HttpResponseRedirect(with_filters(request, row, url))
