"""Requests generated from the document cause no server error and match it.

Three people send them: a member with data of every kind, an administrator and an
auditor. Every other generated request gets ids of their own rows; otherwise nearly all
would get 404.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from accounts.models import Role
from accounts.services.keys import issue_key
from core.models import Event
from core.registry import registry
from tests.conftest import NOW, api_for
from todo_project.openapi.views import document
from todo_project.wsgi import application
from todos.models import Membership
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.todos import add_todo, edit_todo
from todos.services.trash import trash_todo


def service(**phases: dict[str, bool]) -> Any:
    """Return the document, bound to the service."""
    config = schemathesis.Config.from_dict({"phases": phases})
    schema = schemathesis.openapi.from_dict(deepcopy(document()), config=config)
    schema.app = application
    return schema


everything = service()
# One person covers the boundaries of each field; the others differ only in rights.
at_random = service(coverage={"enabled": False})
bounded = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,  # the same requests in every run
    database=None,
    suppress_health_check=list(HealthCheck),
)
EXCEPTED = [
    # A request may fit the document and still name a row that is not there, a label
    # of another list, a date before another: 400, 404, 409, 412 and 422 are right.
    "positive_data_acceptance",
]


@pytest.fixture(autouse=True)
def _one_connection():
    """Keep the connection of the test: at the end of a request it would be closed."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


class Sender:
    """Sends requests as one person, every other one at rows that this person knows."""

    def __init__(self, user: Any, rows: dict[str, list[Any]]) -> None:
        credentials = api_for(user, list(registry.scopes))._credentials  # type: ignore[attr-defined]
        self.headers = {"Authorization": credentials["HTTP_AUTHORIZATION"]}
        self.rows = {
            kind: cycle([str(row.pk) for row in of]) for kind, of in rows.items()
        }
        self.aims = cycle([True, False])

    def send(self, case: Any) -> None:
        if next(self.aims):
            self.aim(case)
        excluded = [check for check in CHECKS.get_all() if check.__name__ in EXCEPTED]
        case.call_and_validate(headers=self.headers, excluded_checks=excluded)

    def aim(self, case: Any) -> None:
        """Put ids of existing rows into the address and the body."""
        if not is_meant(case, "path"):
            return
        kind = ""
        for part in case.operation.path.split("/"):
            if part.startswith("{") and kind in self.rows:
                case.path_parameters[part.strip("{}")] = next(self.rows[kind])
            kind = part
        if isinstance(case.body, dict) and is_meant(case, "body"):
            self.aim_body(case.body)

    def aim_body(self, body: dict[str, Any]) -> None:
        kinds = {"list": "lists", "parent": "todos", "assignee": "users"}
        kinds |= {"before": "todos", "after": "todos"}
        for field, kind in kinds.items():
            if body.get(field) and kind in self.rows:
                body[field] = next(self.rows[kind])
        if body.get("labels") and "labels" in self.rows:
            body["labels"] = [next(self.rows["labels"])]


def is_meant(case: Any, place: str) -> bool:
    """Return whether this part of the request is meant to match the document."""
    components = {str(key.value): info for key, info in case.meta.components.items()}
    return place not in components or components[place].mode == GenerationMode.POSITIVE


@pytest.fixture
def member(owner, editor, todo_list, todo) -> Sender:
    """A person with a row of every kind, in the trash as well."""
    label = add_label(actor=owner, todo_list=todo_list, name="urgent", now=NOW)
    edit_todo(actor=owner, todo=todo, now=NOW, labels=[label], assignee=editor)
    part = add_todo(
        actor=owner, todo_list=todo_list, content="Dig", now=NOW, parent=todo
    )
    gone = add_todo(actor=owner, todo_list=todo_list, content="Water", now=NOW)
    trash_todo(actor=owner, todo=gone, now=NOW)
    key, _token = issue_key(actor=owner, user=owner, name="old", now=timezone.now())
    rows = {
        "lists": [todo_list],
        "members": list(Membership.objects.filter(list=todo_list)),
        "labels": [label],
        "todos": [todo, part, gone],
        "comments": [
            add_comment(actor=owner, todo=todo, text="Deep enough?", now=NOW)
            for _ in range(3)
        ],
        "keys": [key],
        "users": [owner, editor],
    }
    return Sender(owner, rows)


def people_and_log(user: Any) -> Sender:
    rows = {
        "users": [user],
        "roles": list(Role.objects.all()),
        "events": list(Event.objects.all()[:5]),
    }
    return Sender(user, rows)


@everything.parametrize()
@bounded
def test_generated_requests_of_a_member_match_the_document(case, member):
    member.send(case)


@at_random.parametrize()
@bounded
def test_generated_requests_of_an_administrator_match_the_document(case, administrator):
    people_and_log(administrator).send(case)


@at_random.parametrize()
@bounded
def test_generated_requests_of_an_auditor_match_the_document(case, auditor, todo):
    people_and_log(auditor).send(case)
