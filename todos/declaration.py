"""The app's declaration: its resources, events, permissions, tasks and checks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.registry import (
    Declaration,
    DoctorCheck,
    Resource,
    Sample,
    Subject,
    every_operation,
)
from core.schedules import Every, ScheduledTask
from core.users import User
from todos.models import (
    Attachment,
    Comment,
    Label,
    Membership,
    Todo,
    TodoList,
    colleagues_of,
    streams_visible_to,
)

ADDED, CHANGED, REMOVED = _("added"), _("changed"), _("removed")
TRASHED, RESTORED = _("moved to the trash"), _("restored")
PURGED = _("deleted permanently")
# Bytes of a file and of the parts around it in a form.
UPLOAD_LIMIT = settings.FILE_LIMIT + 64 * 1024


def doctor_checks() -> Iterable[DoctorCheck]:
    from todos.management.doctor import counters, due, log, search, structure

    modules = (structure, counters, due, search, log)
    return [check for module in modules for check in module.CHECKS]


def first_steps(user: User, now: datetime) -> None:
    from todos.management.welcome import fill_first_lists

    fill_first_lists(user, now=now)


def sample() -> Sample:
    from todos.management.sample.making import SAMPLE

    return SAMPLE


DECLARATION = Declaration(
    app="todos",
    api_urls="todos.urls",
    resources=[
        Resource("todos", "Todos and their subtasks.", _("todos")),
        Resource(
            "attachments", "Files attached to todos and comments.", _("attachments")
        ),
        Resource("comments", "Comments on todos.", _("comments")),
        Resource("lists", "Lists of todos; everyone has an inbox.", _("lists")),
        Resource("members", "The members of a list and their roles.", _("members")),
        Resource("labels", "Labels for the todos of a list.", _("labels")),
    ],
    subjects=[
        Subject(
            "todo",
            Todo,
            {
                "created": ADDED,
                "changed": CHANGED,
                "finished": _("finished"),
                "reopened": _("reopened"),
                "moved_in": _("moved"),
                "moved_out": _("moved away"),
                "trashed": TRASHED,
                "restored": RESTORED,
                "purged": PURGED,
            },
            fields=("labels", "due_at"),
            technical_fields=frozenset({"uid", "rank"}),
            name_field="content",
            repeats={"moved_out": "moved_in"},
        ),
        Subject(
            "list",
            TodoList,
            {
                "created": ADDED,
                "changed": CHANGED,
                "trashed": TRASHED,
                "restored": RESTORED,
                "purged": PURGED,
            },
            name_field="name",
            has_stream=True,
        ),
        Subject(
            "membership",
            Membership,
            {"created": ADDED, "changed": CHANGED, "removed": REMOVED},
            technical_fields=frozenset({"position"}),
            name_field="user",
        ),
        Subject(
            "label",
            Label,
            {"created": ADDED, "changed": CHANGED, "removed": REMOVED},
            name_field="name",
        ),
        Subject(
            "comment",
            Comment,
            {"created": ADDED, "changed": CHANGED, "removed": REMOVED},
            name_field="text",
        ),
        Subject(
            "attachment",
            Attachment,
            {"created": ADDED, "changed": CHANGED, "removed": REMOVED},
            name_field="name",
        ),
    ],
    body_limits={
        r"/api/v1/todos/[^/]+(/comments/[^/]+)?/attachments": UPLOAD_LIMIT,
        r"/admin/todos/(todo|comment)/[^/]+/attachments/add/": UPLOAD_LIMIT,
    },
    grants={
        "member": every_operation(
            "todos",
            "todolist",
            "membership",
            "todo",
            "label",
            "comment",
            "attachment",
        )
        | {"todos.finish_todo"},
    },
    tasks=[
        ScheduledTask("todos.tasks.empty_trash", Every(timedelta(minutes=5))),
        ScheduledTask("todos.tasks.count_todos", Every(timedelta(minutes=10))),
    ],
    doctor_checks=doctor_checks,
    first_steps=first_steps,
    sample=sample,
    users_visible_to=colleagues_of,
    streams_visible_to=streams_visible_to,
)
