"""Keep the words of labels and comments in the search text of their todos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import chain
from uuid import UUID

from django.db import transaction

from accounts.models import User
from core.characters import search_words
from core.models import Changes, Recorded
from todos.models import Comment, Label, Todo, TodoList

BATCH = 500  # todos at a time


def refresh_search(entries: Iterable[tuple[str, Recorded, Changes]]) -> None:
    """Update the search text of the todos whose labels or comments have changed.

    An entry has the type of an event, its row and the changes.
    """
    ids: set[UUID] = set()
    for verb, target, changes in entries:
        match target:
            case Comment():
                ids.add(target.todo_id)
            case Todo() if verb == "todo.changed" and "labels" in changes:
                ids.add(target.pk)  # a move keeps the names of the labels
            case Label() if verb == "label.changed" and "name" in changes:
                labelled = Todo.with_trash.filter(labels=target)
                ids.update(labelled.values_list("pk", flat=True))
    _refresh(ids)


@transaction.atomic
def repair_search(*, list_id: UUID, ids: Iterable[UUID]) -> None:
    """Update the search text of these todos; it is hidden, so no event is recorded."""
    TodoList.objects.select_for_update().get(pk=list_id)
    _refresh(ids)
    # Answers to searches are outdated, although no revision is raised.
    User.objects.filter(memberships__list=list_id).touch_access()


def extra_words(ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the words of the labels and comments of each of these todos."""
    texts: dict[UUID, list[str]] = defaultdict(list)
    tags = Todo.labels.through._base_manager.filter(todo__in=ids)
    comments = Comment._base_manager.filter(todo__in=ids)
    for todo_id, text in chain(
        tags.values_list("todo_id", "label__name"),
        comments.values_list("todo_id", "text"),
    ):
        texts[todo_id].append(text)
    return {pk: words_of(texts[pk]) for pk in ids}


def words_of(texts: Iterable[str]) -> str:
    """Return the words of these labels and comments as they are stored."""
    return " ".join(sorted(search_words("\n".join(texts))))


def _refresh(ids: Iterable[UUID]) -> None:
    ordered = sorted(ids)
    search_key = Todo._meta.get_field("search_key")
    for start in range(0, len(ordered), BATCH):
        words = extra_words(ordered[start : start + BATCH])
        rows = Todo.with_trash.filter(pk__in=words)
        rows = rows.only("content", "notes", "search_extra")
        changed = [row for row in rows if row.search_extra != words[row.pk]]
        for row in changed:
            row.search_extra = words[row.pk]
            search_key.pre_save(row, add=False)
        rows.bulk_update(changed, ["search_extra", "search_key"])
