"""Quick actions on todos: add, finish or reopen one without opening its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.admin.actions import run_and_redirect
from core.admin.permissions import request_user
from core.admin.urls import page_url
from core.characters import isolate
from core.errors import DomainError, Invalid, Missing
from core.forms import kept, once
from core.html import format_html
from todos.admin.base import as_id, requested_list, requested_list_id
from todos.admin.forms import QuickAddForm
from todos.admin.own_lists import own_lists
from todos.models import CONTENT_LENGTH, Todo
from todos.services.todos import add_todo, finish_todo, reopen_todo
from todos.services.trash import restore_todo

MAX_LISTS = 100
CHANGES_BY_RESTORE = 2  # changes of a todo that goes into the trash and back


QUICK_ADD = "admin:todos_todo_quick_add"


class QuickActions:
    """Views that accept POST and redirect back to the page with the button."""

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        def url(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            guarded = self.model_admin.admin_site.admin_view(require_POST(view))
            return path(route, guarded, name=f"todos_todo_{name}")

        return [
            url("quick-add/", self.quick_add, "quick_add"),
            url("<uuid:pk>/finish/", self.finish, "finish"),
            url("<uuid:pk>/reopen/", self.reopen, "reopen"),
            url("<uuid:pk>/restore/", self.restore, "restore"),
        ]

    def context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the context of the quick-add form; empty if the user cannot add."""
        todo_list = requested_list(request)
        is_read_only = todo_list is not None and not todo_list.is_writable
        if is_read_only or not self.model_admin.has_add_permission(request):
            return {}
        user = request_user(request)
        typed = kept.take(request, reverse(QUICK_ADD)) or QueryDict()
        lists = own_lists(request)
        offered = lists.first(MAX_LISTS, lambda row: row.is_writable)
        chosen = as_id(typed.get("list")) or requested_list_id(request)
        row = lists.find(chosen)
        if row is not None and row.is_writable and row not in offered:
            offered.append(row)
        return {
            "quick_lists": offered,
            "quick_list": chosen,
            "quick_max_length": CONTENT_LENGTH,
            "quick_typed": typed.get("content"),
            "quick_once": once.new_token(user),
        }

    def quick_add(self, request: HttpRequest) -> HttpResponse:
        """Add a todo; if it is refused, keep the input for the next page."""
        form = QuickAddForm(request_user(request), request.POST)
        try:
            todo = self._add(request, form)
        except once.SentBefore:
            messages.info(request, _("This was already added."))
        except DomainError as error:
            messages.error(request, _("Not added. %s") % error.message)
            kept.keep(request, kept.input_of(request), request.path)
        else:
            text = _("“%(content)s” was added to %(list)s.")
            values = {
                "content": isolate(todo.content),
                "list": isolate(todo.list.title),
            }
            messages.success(request, text % values)
        return HttpResponseRedirect(
            kept.return_url(request, page_url(Todo, "changelist"))
        )

    def finish(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Finish one todo."""
        return self._run(request, pk, finish_todo, _("“%s” is done."), undo="reopen")

    def reopen(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Reopen one todo."""
        done = _("“%s” is open again.")
        return self._run(request, pk, reopen_todo, done, undo="finish")

    def restore(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Restore a todo from the trash, and show again what was typed for it."""
        user = request_user(request)
        page = page_url(Todo, "change", pk)

        def run() -> str:
            todo = Todo.with_trash.editable_by(user).filter(pk=pk).first()
            if todo is None:
                raise Missing
            row = restore_todo(actor=user, todo=todo, now=timezone.now())
            typed = kept.input_of(request)
            if typed.get("version") == str(row.version - CHANGES_BY_RESTORE):
                typed["version"] = row.etag
            kept.keep(request, typed, page)
            text = _("“%s” was restored. Check your input and save.")
            return text % isolate(row.content)

        return run_and_redirect(request, run, page_url(Todo, "changelist"), page)

    def _add(self, request: HttpRequest, form: QuickAddForm) -> Todo:
        if not form.is_valid():
            raise Invalid(form.error_text)
        user, now = request_user(request), timezone.now()
        with transaction.atomic():
            once.claim(user, request.POST, now)
            return add_todo(
                actor=user,
                content=form.cleaned_data["content"],
                todo_list=form.cleaned_data["list"],
                now=now,
            )

    def _run(
        self,
        request: HttpRequest,
        pk: UUID,
        service: Callable[..., object],
        message: str,
        undo: str,
    ) -> HttpResponse:
        def run() -> str:
            todo: Todo | None = self.model_admin.get_object(request, str(pk))
            if todo is None:
                raise Missing
            service(actor=request_user(request), todo=todo, now=timezone.now())
            return undoable(message % isolate(todo.content), todo, undo)

        return run_and_redirect(request, run, page_url(Todo, "changelist"))


def undoable(text: str, todo: Todo, page: str) -> SafeString:
    """Return a message with a button that reverses what was done to the todo."""
    return format_html(
        '<span>{}</span> <button type="submit" class="undo" form="quick-action"'
        ' formaction="{}?at=done-{}">{}</button>',
        text,
        page_url(todo, page, todo.pk),
        todo.pk,
        _("Undo"),
    )
