"""The history of a sample list: todos are added, commented, finished and trashed.

Rows are written in their final state, events in chronological order, which is also
the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from accounts.models import User
from core.db.bulk import write_rows
from core.events import Entry, make_event
from core.models import Changes, Event, Recorded
from todos.management.sample.lists import Scene
from todos.management.sample.todos import TodoMaker
from todos.models import Comment, Label, Todo, TodoList
from todos.services.search import words_of

BATCH = 4000


class Story:
    """Generates the history of one list and writes it in batches."""

    def __init__(self, scene: Scene, *, random: Random, now: datetime) -> None:
        self.scene, self.random, self.now = scene, random, now
        self.todo_list = scene.todo_list
        self.maker = TodoMaker(scene, random)
        # Future events as a heap, earliest first; the number breaks ties.
        self._upcoming: list[tuple[datetime, int, User, str, Recorded, Changes]] = []
        self._number = count()
        self._todos: list[Todo] = []
        self._comments: list[Comment] = []
        self._tags: list[Any] = []
        self._events: list[Event] = []

    def write(self) -> Iterator[int]:
        """Write everything in batches; yield the number of todos in each."""
        plan = self.scene.plan
        step = (plan.ends - self.scene.opens) / max(plan.size, 1)
        for number in range(plan.size):
            at = self.scene.opens + step * (number + self.random.random())
            self._record_events(until=at)
            self._add_todo(at)
            if len(self._todos) >= BATCH:
                yield self._write_batch()
        self._record_events(until=self.now)
        yield self._write_batch()
        self.todo_list.save(update_fields=["revision", "last_rank"])
        TodoList.objects.filter(pk=self.todo_list.pk).count_todos()

    def _add_todo(self, at: datetime) -> None:
        author = self.random.choice(self.scene.writers)
        todo, labels = self.maker.make(author, at)
        changes = todo.created_changes()
        if labels:
            changes["labels"] = [None, sorted(str(label.pk) for label in labels)]
            self._tag(todo, labels)
        texts = [label.name for label in labels]
        self._plan(at, author, "todo.created", todo, changes)
        for moment in self.maker.comment_times(at, self.now):
            texts += [self._comment(todo, moment)]
        todo.search_extra = words_of(texts)
        for moment, actor, verb, values in self.maker.later_changes(todo, at, self.now):
            changes = todo.assign(by=actor, at=moment, **values)
            self._plan(moment, actor, verb, todo, changes)
        self._todos.append(todo)

    def _tag(self, todo: Todo, labels: list[Label]) -> None:
        through = Todo.labels.through
        self._tags += [through(todo_id=todo.pk, label_id=label.pk) for label in labels]

    def _comment(self, todo: Todo, at: datetime) -> str:
        author = self.random.choice(self.scene.writers)
        text = self.scene.plan.language.comment(self.random)
        comment = Comment(list_id=todo.list_id, todo_id=todo.pk, text=text)
        comment.stamp(by=author, at=at)
        self._comments.append(comment)
        self._plan(at, author, "comment.created", comment, comment.created_changes())
        return text

    def _plan(
        self, at: datetime, actor: User, verb: str, target: Recorded, changes: Changes
    ) -> None:
        heappush(self._upcoming, (at, next(self._number), actor, verb, target, changes))

    def _record_events(self, *, until: datetime) -> None:
        """Record the events up to this time; each gets the list's next number."""
        while self._upcoming and self._upcoming[0][0] <= until:
            at, _number, actor, verb, target, changes = heappop(self._upcoming)
            self.todo_list.revision += 1
            entry = Entry(
                verb, target, changes, self.todo_list.pk, self.todo_list.revision
            )
            self._events.append(make_event(actor, entry, at))

    def _write_batch(self) -> int:
        written = len(self._todos)
        write_rows(self._todos)
        write_rows(self._tags)
        write_rows(self._comments)
        write_rows(self._events)
        for rows in (self._todos, self._tags, self._comments, self._events):
            rows.clear()
        return written
