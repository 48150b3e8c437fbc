"""Create todos: one or many at once, with as many queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.db.bulk import write_rows
from core.errors import Conflict, DomainError
from core.ids import new_id
from core.keywords import require_known
from core.rights import require
from todos.models import Todo, TodoList
from todos.services.fields import NewTodo, TodoDetails, TodoFields
from todos.services.lists import inbox_of
from todos.services.locking import lock_lists, record_in_lists
from todos.services.rules import Draft, References, UidTaken, check_rules, columns_of
from todos.services.search import words_of


class IdTaken(Conflict):
    code = "id_taken"
    message = _("A row with this id already exists.")


def create_todos(
    entries: Sequence[NewTodo], names: Iterable[str], *, actor: User, now: datetime
) -> list[Todo]:
    """Create todos at the ends of their lists, in the transaction of the caller.

    A refusal of an entry names a field, preceded by the name of the entry.
    """
    for entry in entries:
        require_known(entry, NewTodo)
    require(actor, "todos.add_todo")
    list_ids = _list_ids(entries, actor, now)
    lists = lock_lists(actor=actor, ids=set(list_ids))
    drafts = [
        Draft(pk, _details(entry), entry.get("labels") or ())
        for pk, entry in zip(list_ids, entries, strict=True)
    ]
    maker = _Maker(entries, drafts, lists, actor, now)
    todos: list[Todo] = []
    for name, entry, draft in zip(names, entries, drafts, strict=True):
        try:
            todos.append(maker.make(entry, draft))
        except DomainError as refusal:
            refusal.field = refusal.field and f"{name}{refusal.field}"
            raise
    _save(todos, drafts, lists, actor, now)
    return todos


class _Maker:
    """Makes todos in memory, each checked against the database and those before."""

    def __init__(
        self,
        entries: Sequence[NewTodo],
        drafts: Sequence[Draft],
        lists: dict[UUID, TodoList],
        actor: User,
        now: datetime,
    ) -> None:
        self.lists, self.actor, self.now = lists, actor, now
        self.defaults = [one.get_default() for one in Todo._meta.concrete_fields]
        self.known = References.read(drafts)
        self.ids = _taken_ids(entries)
        self.uids = _taken_uids(entries, lists)

    def make(self, entry: NewTodo, draft: Draft) -> Todo:
        todo_list = self.lists[draft.list_id]
        # With named values, this would take four times as long.
        todo = Todo(*self.defaults)  # type: ignore[misc]
        todo.id = entry.get("id") or new_id()
        todo.list = todo_list
        todo.content = entry["content"]
        todo.rank = todo_list.take_rank()
        todo.uid = entry.get("uid") or str(todo.pk)
        self._claim(todo)
        check_rules(todo, draft.fields, draft.labels, self.known)
        for name, value in columns_of(todo, self.actor, draft.fields).items():
            setattr(todo, name, value)
        if draft.labels:
            names = (self.known.labels[label.pk][1] for label in draft.labels)
            todo.search_extra = words_of(names)
        todo.stamp(by=self.actor, at=self.now)
        self.known.above[todo.pk] = (todo_list.pk, todo.parent_id)
        return todo

    def _claim(self, todo: Todo) -> None:
        """Refuse an id or uid that another todo has."""
        if todo.pk in self.ids:
            raise IdTaken(field="id")
        if (todo.list_id, todo.uid) in self.uids:
            raise UidTaken(field="uid")
        self.ids.add(todo.pk)
        self.uids.add((todo.list_id, todo.uid))


def ids_of(rows: Iterable[Model]) -> list[str]:
    return sorted(str(row.pk) for row in rows)


def _list_ids(entries: Sequence[NewTodo], actor: User, now: datetime) -> list[UUID]:
    """Return the id of each entry's list; without one, it is the inbox."""
    lists = [entry.get("todo_list") for entry in entries]
    inbox = None if all(lists) else inbox_of(actor, now=now)
    return [cast(TodoList, one or inbox).pk for one in lists]


def _details(entry: NewTodo) -> TodoFields:
    known = TodoDetails.__optional_keys__
    details = {name: value for name, value in entry.items() if name in known}
    return cast(TodoFields, details)


def _taken_ids(entries: Sequence[NewTodo]) -> set[UUID]:
    ids = {pk for entry in entries if (pk := entry.get("id"))}
    rows = Todo.with_trash.filter(pk__in=ids)
    return set(rows.values_list("pk", flat=True)) if ids else set()


def _taken_uids(
    entries: Sequence[NewTodo], lists: dict[UUID, TodoList]
) -> set[tuple[UUID, str]]:
    """Return the lists and uids of todos, trashed ones too, with a uid of an entry."""
    uids = {str(entry.get("uid") or entry.get("id") or "") for entry in entries} - {""}
    rows = Todo.with_trash.filter(list__in=lists, uid__in=uids)
    return set(rows.values_list("list", "uid")) if uids else set()


def _save(
    todos: Sequence[Todo],
    drafts: Sequence[Draft],
    lists: dict[UUID, TodoList],
    actor: User,
    now: datetime,
) -> None:
    write_rows(todos)
    tag = Todo.labels.through
    tags, changes = [], defaultdict(list)
    for todo, draft in zip(todos, drafts, strict=True):
        created = todo.created_changes()
        todo.label_ids = sorted(label.pk for label in draft.labels)
        if draft.labels:
            created["labels"] = [None, ids_of(draft.labels)]
            tags += [tag(todo_id=todo.pk, label_id=label.pk) for label in draft.labels]
        changes[todo.list_id].append(("todo.created", todo, created))
    write_rows(tags)
    ordered = [(lists[pk], changes[pk]) for pk in sorted(changes)]
    record_in_lists(ordered, actor=actor, at=now)
