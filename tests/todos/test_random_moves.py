"""Random operations on lists, compared with a simple model."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from core.errors import DomainError
from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import counters_of, fresh, numbers_of, put
from todos.models import MAX_DEPTH, Todo, TodoList
from todos.services.lists import add_list
from todos.services.moving import reposition_todo
from todos.services.todos import add_todos, edit_todo, finish_todo, reopen_todo
from todos.services.trash import (
    purge_list_trash,
    purge_todo,
    restore_todo,
    trash_todo,
)

VERBS = (
    *("add", "nest", "move", "trash", "restore", "purge", "place"),
    *("finish", "reopen", "bulk", "empty"),
)
steps = st.lists(
    st.tuples(
        st.sampled_from(VERBS),
        st.integers(0, 30),
        st.integers(0, 30),
    ),
    max_size=25,
)


class Model:
    """The expected state: parent, list and trash of each todo."""

    def __init__(self, user: User, lists: list[TodoList]) -> None:
        self.user, self.lists = user, lists
        self.at: dict[Any, Any] = {}
        self.above: dict[Any, Any] = {}
        self.trashed: dict[Any, Any] = {}
        self.finished: set[Any] = set()
        self.clock = NOW

    def below(self, pk: Any) -> list[Any]:
        """Return the id and those of all subtasks below it."""
        found = [pk]
        for one in found:
            found += [child for child, parent in self.above.items() if parent == one]
        return found

    def depth(self, pk: Any) -> int:
        return 1 + self.depth(self.above[pk]) if self.above.get(pk) else 1

    def height(self, pk: Any) -> int:
        below = [child for child, parent in self.above.items() if parent == pk]
        return 1 + max(map(self.height, below), default=0)

    def do(self, verb: str, first: int, second: int) -> None:
        self.clock += timedelta(minutes=1)
        ids = list(self.at)
        if verb == "add":
            target = self.lists[first % len(self.lists)]
            todo = put(self.user, target, f"todo {first}", now=self.clock)
            self.at[todo.pk], self.above[todo.pk] = target.pk, None
        elif ids:
            one, two = ids[first % len(ids)], ids[second % len(ids)]
            getattr(self, verb)(one, two)
        for todo_list in self.lists:
            assert counters_of(todo_list) == numbers_of(todo_list)

    def nest(self, one: Any, two: Any) -> None:
        may = (
            one not in self.trashed
            and two not in self.trashed
            and self.at[one] == self.at[two]
            and two not in self.below(one)
            and self.depth(two) + self.height(one) <= MAX_DEPTH
        )
        self.attempt(may, edit_todo, one, parent=self.row(two))
        if may:
            self.above[one] = two

    def move(self, one: Any, two: Any) -> None:
        target = self.at[two]
        may = one not in self.trashed
        todo_list = TodoList.objects.get(pk=target)
        self.attempt(may, edit_todo, one, todo_list=todo_list)
        if may and self.at[one] != target:
            for pk in self.below(one):
                self.at[pk] = target
            self.above[one] = None

    def trash(self, one: Any, _two: Any) -> None:
        may = one not in self.trashed
        self.attempt(may, trash_todo, one)
        if may:
            for pk in self.below(one):
                self.trashed.setdefault(pk, self.clock)

    def restore(self, one: Any, _two: Any) -> None:
        self.attempt(True, restore_todo, one)
        if one not in self.trashed:
            return
        since, together = self.trashed[one], [one]
        for pk in together:
            together += [
                child
                for child, parent in self.above.items()
                if parent == pk and self.trashed.get(child) == since
            ]
        for pk in together:
            del self.trashed[pk]
        if self.above[one] in self.trashed:
            self.above[one] = None

    def purge(self, one: Any, _two: Any) -> None:
        may = one in self.trashed
        self.attempt(may, purge_todo, one)
        if may:
            for pk in self.below(one):
                self.forget(pk)

    def forget(self, pk: Any) -> None:
        for facts in (self.at, self.above, self.trashed):
            facts.pop(pk, None)
        self.finished.discard(pk)

    def bulk(self, one: Any, two: Any) -> None:
        """Add a todo to the list of each of the two."""
        lists: list[Any] = [TodoList(pk=self.at[pk]) for pk in (one, two)]
        entries: list[Any] = [{"content": "x", "todo_list": row} for row in lists]
        for todo in add_todos(actor=self.user, todos=entries, now=self.clock):
            self.at[todo.pk], self.above[todo.pk] = todo.list_id, None

    def empty(self, one: Any, _two: Any) -> None:
        """Purge the trash of the list, with the todos that were just put there."""
        place, later = TodoList(pk=self.at[one]), self.clock + timedelta(seconds=1)
        purge_list_trash(todo_list=place, before=later, now=self.clock)
        for pk in [pk for pk in self.trashed if self.at[pk] == place.pk]:
            self.forget(pk)

    def finish(self, one: Any, _two: Any) -> None:
        may = one not in self.trashed
        self.attempt(may, finish_todo, one)
        if may:
            self.finished.add(one)

    def reopen(self, one: Any, _two: Any) -> None:
        may = one not in self.trashed
        self.attempt(may, reopen_todo, one)
        if may:
            self.finished.discard(one)

    def place(self, one: Any, two: Any) -> None:
        may = (
            one != two
            and not {one, two} & set(self.trashed)
            and self.at[one] == self.at[two]
        )
        self.attempt(may, reposition_todo, one, after=self.row(two))

    def row(self, pk: Any) -> Todo:
        todo: Todo = Todo.with_trash.get(pk=pk)
        return todo

    def attempt(self, may: bool, verb: Any, one: Any, **fields: Any) -> None:
        def act() -> None:
            verb(actor=self.user, todo=self.row(one), now=self.clock, **fields)

        if may:
            act()
        else:
            with pytest.raises(DomainError):
                act()


def assert_same(model: Model) -> None:
    rows = {todo.pk: todo for todo in Todo.with_trash.filter(list__in=model.lists)}
    assert {pk: todo.list_id for pk, todo in rows.items()} == model.at
    assert {pk: todo.parent_id for pk, todo in rows.items()} == model.above
    trashed = {pk: t.deleted_at for pk, t in rows.items() if t.deleted_at}
    assert trashed == model.trashed
    assert {pk for pk, todo in rows.items() if todo.is_finished} == model.finished
    for pk in rows:
        assert model.depth(pk) <= MAX_DEPTH
    for todo_list in model.lists:
        recorded = Event.objects.filter(stream_id=todo_list.pk).order_by("seq")
        numbers = list(recorded.values_list("seq", flat=True))
        assert numbers == list(range(1, fresh(todo_list).revision + 1))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(work=steps)
def test_random_operations_leave_the_state_of_the_reference_model(owner, work):
    lists = [add_list(actor=owner, name=name, now=NOW) for name in "ab"]
    model = Model(owner, lists)
    for verb, first, second in [("add", n, 0) for n in range(6)] + work:
        model.do(verb, first, second)
    assert_same(model)


def test_many_random_operations_leave_the_state_of_the_reference_model(owner):
    lists = [add_list(actor=owner, name=name, now=NOW) for name in "ab"]
    model, chance = Model(owner, lists), random.Random(7)  # noqa: S311  (no secret)
    verbs = ["add", *["nest"] * 6, "move", "trash", "restore", "place"]
    deepest = 0
    for _step in range(250):
        model.do(chance.choice(verbs), chance.randrange(99), chance.randrange(99))
        deepest = max(map(model.depth, model.at), default=deepest)
    assert_same(model)
    assert deepest >= 4
    assert model.trashed
