"""Todos of the sample and their later changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from accounts.models import User
from todos.due import Due
from todos.management.sample.lists import Scene
from todos.models import MAX_DEPTH, Label, Priority, Todo

PRIORITIES = [*[Priority.NONE.value] * 6, *Priority.values[1:]]
TIMES = tuple(time(hour, minute) for hour in range(7, 21) for minute in (0, 30))
TRASH_AGE = timedelta(days=20)
RECENT = 40  # todos that may still get subtasks

LaterChange = tuple[datetime, User, str, dict[str, Any]]


class TodoMaker:
    """Creates valid todos for one list."""

    def __init__(self, scene: Scene, random: Random) -> None:
        self.scene, self.random = scene, random
        # Todos that may get subtasks, with their levels.
        self._parents: deque[tuple[Any, int]] = deque(maxlen=RECENT)

    def make(self, author: User, at: datetime) -> tuple[Todo, list[Label]]:
        """Return a todo as it was when it was added, and its labels."""
        random, language = self.random, self.scene.plan.language
        todo = Todo(
            list_id=self.scene.todo_list.pk,
            content=language.content(random),
            notes=language.notes_text(random) if random.random() < 0.15 else "",
            priority=random.choice(PRIORITIES),
            rank=self.scene.todo_list.take_rank(),
            assignee_id=self._assignee(),
        )
        todo.uid = str(todo.pk)
        todo.stamp(by=author, at=at)
        self._set_due(todo, author, at)
        self._set_parent(todo)
        return todo, self._labels()

    def later_changes(
        self, todo: Todo, at: datetime, now: datetime
    ) -> Iterator[LaterChange]:
        """Yield the changes of the todo up to now, in chronological order."""
        random = self.random
        at += self._delay(30)
        if random.random() < 0.1 and at < now:
            yield at, self._writer(), "todo.changed", {"priority": Priority.HIGH.value}
        at += self._delay(200)
        if random.random() < 0.75 and at < now:
            actor = self._writer()
            values = {"is_finished": True, "finished_at": at, "finished_by": actor}
            yield at, actor, "todo.finished", values
        if random.random() < 0.04 and at < now:
            # Old trash is purged automatically, so todos were trashed recently.
            at = max(at, now - TRASH_AGE * random.random())
            self._exclude_subtasks(todo)
            yield at, self._writer(), "todo.trashed", {"deleted_at": at}

    def comment_times(self, at: datetime, now: datetime) -> Iterator[datetime]:
        """Yield the times of comments on a todo that was added at `at`."""
        if self.random.random() < 0.08:
            for _number in range(self.random.randint(1, 3)):
                at += self._delay(50)
                if at < now:
                    yield at

    def _set_due(self, todo: Todo, author: User, at: datetime) -> None:
        random = self.random
        if random.random() > 0.45:
            return
        todo.due_on = at.date() + timedelta(days=random.randint(0, 60))
        if random.random() < 0.3:
            todo.due_time, todo.due_zone = random.choice(TIMES), author.time_zone
        if random.random() < 0.1:
            todo.starts_on = todo.due_on - timedelta(days=random.randint(0, 14))
        due = Due(on=todo.due_on, time=todo.due_time, zone=todo.due_zone)
        todo.due_at = due.moment

    def _set_parent(self, todo: Todo) -> None:
        level = 1
        if self._parents and self.random.random() < 0.12:
            todo.parent_id, above = self.random.choice(self._parents)
            level = above + 1
        if level < MAX_DEPTH:
            self._parents.append((todo.pk, level))

    def _exclude_subtasks(self, todo: Todo) -> None:
        """Give the todo no subtasks: they would be trashed with it."""
        if self._parents and self._parents[-1][0] == todo.pk:
            self._parents.pop()

    def _labels(self) -> list[Label]:
        if not self.scene.labels or self.random.random() > 0.35:
            return []
        return self.random.sample(
            self.scene.labels, k=min(len(self.scene.labels), self.random.choice((1, 2)))
        )

    def _assignee(self) -> Any:
        if len(self.scene.writers) == 1 or self.random.random() > 0.4:
            return None
        return self.random.choice(self.scene.writers).pk

    def _writer(self) -> User:
        return self.random.choice(self.scene.writers)

    def _delay(self, hours: float) -> timedelta:
        """Return a random delay, exponentially distributed around `hours`."""
        return timedelta(hours=self.random.expovariate(1 / hours))
