"""Pages of lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from core.admin.actions import refusal_of
from core.admin.permissions import person_of
from core.errors import DomainError
from core.models import Event
from core.site import NavItem
from todos.admin.base import in_order
from todos.admin.columns import ListColumns
from todos.admin.filters import ArchivedFilter
from todos.admin.forms import TodoListForm
from todos.admin.inlines import MEMBERS, MemberInline
from todos.admin.trash import TrashActions, looks_into_trash
from todos.models import MemberRole, Membership, TodoList
from todos.services.lists import add_list, edit_list, restore_list, trash_list
from todos.services.sharing import change_member, remove_member, share_list
from todos.services.trash import purge_list

MOST_IN_NAV = 12
TRASH = "todos_todolist_trash"


def trashed(count: int) -> str:
    return (
        ngettext("%d list moved to the trash.", "%d lists moved to the trash.", count)
        % count
    )


def restored(count: int) -> str:
    return ngettext("%d list restored.", "%d lists restored.", count) % count


def purged(count: int) -> str:
    return (
        ngettext("%d list deleted for good.", "%d lists deleted for good.", count)
        % count
    )


@admin.register(TodoList)
class TodoListAdmin(ListColumns, TrashActions):
    """Lists that the person is a member of."""

    form = TodoListForm
    resource_type = "list"
    row_name = "todo_list"
    icon = "list"
    nav_order = 20
    inlines = (MemberInline,)
    list_display = ("shown", "my_role", "shared_with", "state")
    sortable_by = ()
    list_filter = (ArchivedFilter,)
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "colour")}),
        (None, {"fields": ("is_archived",)}),
    )

    trashing = (trash_list, trashed)
    restoring = (restore_list, restored)
    purging = (purge_list, purged)
    purge_question = gettext_lazy("Delete lists with all that is in them")

    delete_words = gettext_lazy("Move to the trash")
    delete_done = gettext_lazy("“%s” is in the trash.")
    delete_consequence = gettext_lazy("No member sees it until an owner restores it.")

    # --- Reading

    def nav(self, request: HttpRequest) -> list[NavItem]:
        """Lead to each of one's first lists as well: to the todos in it."""
        user = person_of(request)
        lists: Any = TodoList.objects.as_seen_by(user).filter(is_archived=False)
        nearest: Any = in_order(lists)[:MOST_IN_NAV]
        todos = reverse("admin:todos_todo_changelist")
        own = [
            NavItem(
                row.name,
                f"{todos}?list={row.pk}",
                "dot",
                gettext_lazy("Lists"),
                row.colour or "#adb5bd",
                order=45,
            )
            for row in nearest
        ]
        return [*super().nav(request), *own]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        user = person_of(request)
        lists: Any = TodoList.objects.as_seen_by(user)
        if looks_into_trash(request):
            lists = TodoList.objects.owned_by(user).with_placing().trashed()
        others = Membership.objects.exclude(user=user).select_related("user")
        return lists.order_by("position", "pk").prefetch_related(  # type: ignore[no-any-return]
            Prefetch("memberships", others.order_by(*MEMBERS))
        )

    def get_ordering(self, request: HttpRequest) -> Any:
        return ("position", "pk")

    def get_list_filter(self, request: HttpRequest) -> Any:
        return () if looks_into_trash(request) else self.list_filter

    def get_list_display_links(self, request: Any, list_display: Any) -> Any:
        return None if looks_into_trash(request) else ("shown",)

    def get_actions(self, request: HttpRequest) -> Any:
        return super().get_actions(request) if self._owns_some(request) else {}

    def can_act_on(self, row: Any) -> bool:
        return row.role == MemberRole.OWNER and not row.is_inbox

    def _owns_some(self, request: Any) -> bool:
        if not hasattr(request, "owns_lists"):
            owned = TodoList.objects.owned_by(person_of(request))
            request.owns_lists = owned.filter(inbox_of=None).exists()
        return bool(request.owns_lists)

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return (queryset.filter(name__icontains=term) if term else queryset), False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None or obj.role == MemberRole.OWNER else ("name",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        owned = obj is not None and obj.role == MemberRole.OWNER
        return self.fieldsets if owned and not obj.is_inbox else self.fieldsets[:1]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def can_edit(self, request: HttpRequest, row: Any) -> bool:
        return True  # every member has a colour of their own for it

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or self.can_act_on(obj))

    def history_rows(self, request: HttpRequest, row: Any) -> QuerySet[Event]:
        """Return all that happened in the list, newest first."""
        return Event.objects.filter(stream_id=row.pk).order_by("-seq")

    # --- Writing

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        fields = form.cleaned_data
        return add_list(
            actor=actor, name=fields["name"], colour=fields["colour"], now=now
        )

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        edit_list(
            actor=actor,
            todo_list=form.row,
            expected=form.expected,
            now=now,
            **form.values,
        )

    def save_inline(self, actor: User, row: Any, formset: Any, now: datetime) -> None:
        for form in formset.extra_forms:
            if form.has_changed():
                share_list(
                    actor=actor,
                    todo_list=row,
                    user=form.cleaned_data["person"],
                    role=form.cleaned_data["role"],
                    now=now,
                )
        for form in formset.initial_forms:
            if not {"role", "DELETE"}.isdisjoint(form.changed_data):
                self._change_member(actor, form, now)

    def _change_member(self, actor: User, form: Any, now: datetime) -> None:
        given = {
            "actor": actor,
            "membership": form.instance,
            "expected": {form.cleaned_data["version"]},
            "now": now,
        }
        if form.cleaned_data.get("DELETE"):
            remove_member(**given)
        else:
            change_member(role=form.cleaned_data["role"], **given)

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        trash_list(actor=actor, todo_list=row, now=now)

    def response_change(self, request: Any, obj: Any) -> HttpResponse:
        """Go home when the page that was saved is out of sight: one left the list."""
        if self.get_queryset(request).filter(pk=obj.pk).exists():
            return super().response_change(request, obj)
        return HttpResponseRedirect(self.address("changelist"))

    # --- Other pages

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("trash/", wrap(self.changelist_view), name=TRASH),
            path(
                "<uuid:pk>/leave/", wrap(self.leave_view), name="todos_todolist_leave"
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: Any, extra_context: dict[str, Any] | None = None
    ) -> Any:
        in_trash = looks_into_trash(request)
        title = _("Lists in the trash") if in_trash else _("Lists")
        context = {"in_trash": in_trash, "title": title}
        return super().changelist_view(request, context | (extra_context or {}))

    def leave_view(self, request: Any, pk: Any) -> HttpResponse:
        """Leave a list, once asked whether one means it."""
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        if request.method == "POST":
            return self._leave(request, row)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Leave the list"),
            "subtitle": str(row),
            "opts": self.opts,
            "original": row,
        }
        return TemplateResponse(request, "admin/todos/leave.html", context)

    def _leave(self, request: Any, row: Any) -> HttpResponse:
        # Who clicked twice has left already.
        own = get_object_or_404(Membership, list=row, user=request.user)
        try:
            remove_member(actor=request.user, membership=own, now=timezone.now())
        except DomainError as error:
            self.message_user(request, str(refusal_of(error).message), messages.ERROR)
            return HttpResponseRedirect(self.address("change", row.pk))
        text = _("You are no longer a member of “%s”.") % row
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(self.address("changelist"))
