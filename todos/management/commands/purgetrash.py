"""Empty the trash of what lay there long enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.management.arguments import days
from accounts.management.base import ServiceCommand
from accounts.management.progress import Progress
from todos.models import Todo, TodoList
from todos.services.trash import purge_list, purge_list_trash


class Command(ServiceCommand):
    help = (
        "Delete for good the todos and lists that have been in the trash for more "
        f"than {settings.TRASH_DAYS} days (TRASH_DAYS). The event log keeps telling "
        "that they were there, not what they said. Each batch is a transaction of "
        "its own; an interrupted run is gone on with by the next."
    )
    examples = """
  manage.py purgetrash
  manage.py purgetrash --older-than 0"""
    takes_long = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=days,
            default=settings.TRASH_DAYS,
            metavar="DAYS",
            help="How long the trash is kept (%(default)s); 0 empties it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        before = now - timedelta(days=options["older_than"])
        todos = todos_older_than(before)
        with self.progress("Todos", todos.count()) as progress:
            for pk in todos.order_by("list").values_list("list", flat=True).distinct():
                empty_trash(pk, before=before, now=now, progress=progress)
        rotten = TodoList.objects.filter(deleted_at__lt=before).order_by("pk")
        lists = [
            purge_if_trashed(pk, before=before, now=now)
            for pk in rotten.values_list("pk", flat=True)
        ]
        self.say(f"Deleted for good: {progress.done:,} todos, {sum(lists):,} lists.")


def todos_older_than(moment: datetime) -> QuerySet[Todo]:
    """Return what went to the trash before then, by itself or with its list."""
    return Todo.with_trash.filter(
        Q(deleted_at__lt=moment) | Q(list__deleted_at__lt=moment)
    )


def empty_trash(
    list_id: UUID, *, before: datetime, now: datetime, progress: Progress
) -> None:
    todo_list = TodoList(pk=list_id)
    while count := purge_list_trash(todo_list=todo_list, before=before, now=now):
        progress.add(count)


@transaction.atomic
def purge_if_trashed(list_id: UUID, *, before: datetime, now: datetime) -> bool:
    """Purge the list unless somebody restored it; tell whether it went."""
    lists = TodoList.objects.select_for_update().filter(pk=list_id)
    todo_list = lists.filter(deleted_at__lt=before).first()
    if todo_list is not None:
        purge_list(todo_list=todo_list, now=now)
    return todo_list is not None
