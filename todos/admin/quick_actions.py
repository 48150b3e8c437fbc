"""What one click or one line does to a todo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.admin.actions import way_back
from core.admin.base import ScopedModelAdmin
from core.admin.permissions import person_of
from core.errors import DomainError, Invalid
from todos.admin.base import list_named, lists_to_write_in
from todos.admin.forms import QuickAddForm
from todos.models import Todo
from todos.services.todos import add_todo, finish_todo, reopen_todo

MOST_LISTS_OFFERED = 100
TRASH = "todos_todo_trash"
TYPED = "quick-add"  # what was refused, kept in the session until it is shown
MOST_KEPT = 2000  # characters


class TodoClicks(ScopedModelAdmin):
    """Quick-add, finish and reopen: by POST, and back to where the click was."""

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Callable[..., Any], name: str) -> Any:
            return path(route, self.admin_site.admin_view(view), name=name)

        return [
            page("trash/", self.changelist_view, TRASH),
            page("quick-add/", require_POST(self.quick_add), "todos_todo_quick_add"),
            page(
                "<uuid:pk>/finish/", require_POST(self.finish_one), "todos_todo_finish"
            ),
            page(
                "<uuid:pk>/reopen/", require_POST(self.reopen_one), "todos_todo_reopen"
            ),
            *super().get_urls(),
        ]

    def quick_add_context(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_add_permission(request):
            return {}
        lists = lists_to_write_in(person_of(request))
        offered = list(lists[:MOST_LISTS_OFFERED])
        chosen = list_named(request)
        if chosen and chosen not in {row.pk for row in offered}:
            offered += list(lists.filter(pk=chosen))
        context = {"quick_lists": offered, "quick_list": chosen}
        if TYPED in request.session:
            context["quick_typed"] = request.session.pop(TYPED)
        return context

    def quick_add(self, request: HttpRequest) -> HttpResponseBase:
        """Add what was typed in one line, and stay on the page."""
        form = QuickAddForm(person_of(request), request.POST)
        typed = request.POST.get("content", "")
        try:
            if not form.is_valid():
                raise Invalid(form.reason)
            todo = add_todo(
                actor=person_of(request),
                content=form.cleaned_data["content"],
                todo_list=form.cleaned_data["list"],
                now=timezone.now(),
            )
        except DomainError as error:
            message = _("Not added. %s") % error.message
            self.message_user(request, message, messages.ERROR)
            request.session[TYPED] = typed[:MOST_KEPT]
        else:
            text = _("“%(content)s” is in %(list)s.")
            message = text % {"content": todo.content, "list": todo.list}
            self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(way_back(request, self.address("changelist")))

    def _visible(self, request: HttpRequest, pk: Any) -> Todo:
        todo: Todo | None = self.get_object(request, str(pk))
        if todo is None:
            raise Http404
        return todo

    def _click(
        self, request: HttpRequest, pk: Any, verb: Callable[..., Any], said: str
    ) -> HttpResponseBase:
        todo = self._visible(request, pk)

        def act() -> str:
            verb(actor=person_of(request), todo=todo, now=timezone.now())
            return said % todo.content

        return self.at_one_click(request, act, self.address("changelist"))

    def finish_one(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Finish one todo."""
        return self._click(request, pk, finish_todo, _("“%s” is done."))

    def reopen_one(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Reopen one todo."""
        return self._click(request, pk, reopen_todo, _("“%s” is open again."))
