"""Filters of the changelists; each offers only rows that the user sees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, cast
from urllib.parse import parse_qsl
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.pictures import person_with_name
from core.admin.permissions import request_user
from core.characters import isolate
from core.text import day_of
from todos.admin.base import requested_list_id
from todos.admin.cells import local_now
from todos.admin.own_lists import own_lists
from todos.due import Period
from todos.models import Label, Membership, Priority, Todo, TodoList
from todos.querysets import TodoQuerySet

MAX_CHOICES = 50
MAX_SHOWN = 40  # characters of a value in an error message

# The columns that show people and lists.
NAMES = ("username", "display_name", "avatar")
NAMES_OF_LISTS = ("list__name", "list__inbox_of")

Lookups = list[tuple[str, str]]


class TodoFilter(admin.SimpleListFilter):
    """A filter that uses the methods of the todo queryset."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.narrow(request, cast(TodoQuerySet, queryset))

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        raise NotImplementedError


class StateFilter(TodoFilter):
    """By state; by default, open todos."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [("finished", _("Finished")), ("all", _("All"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        options: list[tuple[str | None, str | Promise]]
        options = [(None, _("Open")), *self.lookup_choices]
        for value, label in options:
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string(
                    {self.parameter_name: value}
                ),
                "display": label,
            }

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        match self.state:
            case "finished":
                return todos.finished()
            case None:
                return todos
        return todos.open()

    @property
    def state(self) -> str | None:
        """Return the chosen state; None for all."""
        return {"finished": "finished", "all": None}.get(self.value() or "", "open")


class DueFilter(TodoFilter):
    """By due date, in the user's time zone: a period, or a range of days."""

    title = gettext_lazy("due")
    parameter_name = "due"
    bounds = ("due_from", "due_to")
    parameters = frozenset({parameter_name, *bounds})
    template = "admin/todos/due_filter.html"

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Model],
        model_admin: ModelAdmin[Any],
    ) -> None:
        super().__init__(request, params, model, model_admin)
        # A form sends a bound that was left empty, too.
        given = {name: params.pop(name, [""])[-1] for name in self.bounds}
        self.first, self.last = (_day(request, given[name]) for name in self.bounds)
        self.used_parameters |= {name: text for name, text in given.items() if text}

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter_name, *self.bounds]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [
            ("overdue", _("Overdue")),
            (Period.TODAY, _("Today")),
            (Period.TOMORROW, _("Tomorrow")),
            (Period.WEEK, _("Next 7 days")),
            (Period.NEXT_WEEK, _("Next week")),
            ("none", _("No date")),
        ]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        others = changelist.get_query_string(remove=[*self.parameters, PAGE_VAR])
        self.other_parameters = parse_qsl(others.removeprefix("?"))
        has_range = bool(self.first or self.last)
        options = [(None, gettext_lazy("All")), *self.lookup_choices]
        for value, label in options:
            chosen = {self.parameter_name: value}
            yield {
                "selected": self.value() == value and not has_range,
                "query_string": changelist.get_query_string(chosen, self.bounds),
                "display": label,
            }

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        if self.first or self.last:
            todos = todos.due_between(self.first, self.last)
        return self._narrow_to_period(todos)

    def _narrow_to_period(self, todos: TodoQuerySet) -> TodoQuerySet:
        now = local_now()
        match self.value():
            case "overdue":
                return todos.overdue(now)
            case "none":
                return todos.with_date(False, by_due=True)
            case str(name) if name in set(Period):
                return todos.due_between(*Period(name).days(now.date()))
        return todos


def _day(request: HttpRequest, text: str) -> date | None:
    """Return the day; say why if todos cannot be due on it, and ignore it."""
    if not text:
        return None
    try:
        day = day_of(text)
        Todo._meta.get_field("due_on").run_validators(day)
    except ValidationError as error:
        _explain(request, text, error)
        return None
    return day


def _explain(request: HttpRequest, text: str, error: ValidationError) -> None:
    if request.method == "GET":  # a form redirects to the table, which says it then
        given = isolate(Truncator(text).chars(MAX_SHOWN))
        messages.error(request, f"{given}: {' '.join(error.messages)}")


class PriorityFilter(TodoFilter):
    """By priority."""

    title = gettext_lazy("priority")
    parameter_name = "priority"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [
            (str(value), str(label).capitalize()) for value, label in Priority.choices
        ]

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        value = self.value()
        if value not in {str(known) for known in Priority.values}:
            return todos
        return todos.of_priority(int(value))


class RowFilter(admin.SimpleListFilter):
    """By a related row that the user can see; at most MAX_CHOICES are offered."""

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        rows, key = self.first(request), self.key()
        if key and key not in {row.pk for row in rows}:
            rows += filter(None, [self.find(request, key)])
        return [(str(row.pk), self.name_of(row)) for row in rows]

    def first(self, request: HttpRequest) -> list[Any]:
        return list(self.rows(request)[:MAX_CHOICES])

    def find(self, request: HttpRequest, key: UUID) -> Any:
        return self.rows(request).filter(pk=key).first()

    def name_of(self, row: Any) -> str:
        return str(row)

    def key(self) -> UUID | None:
        try:
            return UUID(self.value() or "")
        except ValueError:
            return None


class WhoFilter(RowFilter):
    """By assignee: the user, nobody, or another member of the lists shown."""

    title = gettext_lazy("assignee")
    parameter_name = "who"

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        user = request_user(request)
        members = Membership.objects.visible_to(user)
        if chosen := requested_list_id(request):
            members = members.filter(list=chosen)
        others = User.objects.visible_to(user).exclude(pk=user.pk)
        people = others.filter(pk__in=members.values("user"))
        return people.only(*NAMES).order_by("username")  # type: ignore[no-any-return]

    def name_of(self, row: User) -> str:
        return person_with_name(row)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        fixed = [("mine", _("Me")), ("none", _("Nobody"))]
        return fixed + super().lookups(request, model_admin)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case None:
                return queryset
            case "mine":
                return queryset.filter(assignee=request_user(request))
            case "none":
                return queryset.filter(assignee=None)
        return queryset.filter(assignee=self.key()) if self.key() else queryset.none()


class ListFilter(RowFilter):
    """By list."""

    title = gettext_lazy("list")
    parameter_name = "list"

    def first(self, request: HttpRequest) -> list[Any]:
        return own_lists(request).first(MAX_CHOICES)

    def find(self, request: HttpRequest, key: UUID) -> Any:
        return own_lists(request).find(key)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(list=self.key())


class LabelFilter(RowFilter):
    """By label; only those of the chosen list, if one is chosen.

    Other lists may have labels of the same name, so each is named with its list.
    """

    title = gettext_lazy("label")
    parameter_name = "label"
    names_list = True

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        visible = Label.objects.visible_to(request_user(request))
        labels = visible.select_related("list").only("name", *NAMES_OF_LISTS)
        labels = labels.order_by("name_key", "pk")
        chosen = requested_list_id(request)
        self.names_list = chosen is None
        return labels.filter(list=chosen) if chosen else labels

    def name_of(self, row: Label) -> str:
        return f"{row.name} · {row.list}" if self.names_list else row.name

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        key = self.key()
        todos = cast(TodoQuerySet, queryset)
        return todos.labelled(key) if key else todos.none()


class ArchivedFilter(admin.SimpleListFilter):
    """By whether the list is archived."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [("active", _("In use")), ("archived", _("Archived"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[TodoList]
    ) -> QuerySet[TodoList]:
        match self.value():
            case "active":
                return queryset.filter(is_archived=False)
            case "archived":
                return queryset.filter(is_archived=True)
        return queryset
