"""Constraints: the database refuses invalid rows, and names the constraint."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from accounts.models import ApiKey, ShippedGrant, UsedNonce, User
from accounts.services.keys import issue_key
from accounts.services.nonces import use_nonce
from core.ids import new_id
from core.models import BodyKey, Event, IdempotentAnswer, Installation
from core.registry import registry
from core.secrets import store_secret
from files.models import StoredFile
from tests.conftest import NOW
from tests.files.attaching import attach
from tests.todos.helpers import label, put
from todos.models import Attachment, Comment, Label, Membership, Todo, TodoList
from todos.services.comments import add_comment

pytestmark = pytest.mark.django_db
TESTED_BELOW = {
    "event_in_stream_once",
    "event_seq_has_stream",
    "bodykey_one_is_current",
}

# Constraint, model, and columns that violate it in an otherwise valid row.
BROKEN = [
    ("user_has_username", User, {"username": ""}),
    ("user_removed_is_anonymous", User, {"removed_at": NOW}),
    ("user_removed_is_anonymous", User, {"removed_at": NOW, "is_active": False}),
    ("apikey_has_name", ApiKey, {"name": ""}),
    ("apikey_expires_later", ApiKey, {"expires_at": NOW}),
    ("apikey_has_one_credential", ApiKey, {"secret_hash": ""}),
    ("apikey_has_one_credential", ApiKey, {"signature": "ed25519"}),
    ("apikey_has_one_credential", ApiKey, {"public_key": "x"}),
    (
        "apikey_has_one_credential",
        ApiKey,
        {"signature": "hmac-sha256", "public_key": "x", "secret_hash": ""},
    ),
    ("installation_is_one", Installation, {"id": 2}),
    ("todolist_name_length", TodoList, {"name": ""}),
    ("todolist_name_length", TodoList, {"name": "x" * 201}),
    ("todolist_inbox_stays", TodoList, {"is_archived": True}),
    ("todolist_inbox_stays", TodoList, {"deleted_at": NOW}),
    ("membership_role_known", Membership, {"role": "king"}),
    ("label_name_length", Label, {"name": ""}),
    ("label_name_length", Label, {"name": "x" * 101}),
    ("todo_content_length", Todo, {"content": ""}),
    ("todo_content_length", Todo, {"content": "x" * 501}),
    ("todo_content_bytes", Todo, {"content": "字" * 499 + "😀"}),
    ("todo_content_bytes", Todo, {"content": "😀" * 376}),
    ("todo_notes_length", Todo, {"notes": "x" * 20_001}),
    ("todo_priority_known", Todo, {"priority": 4}),
    ("todo_due_time_has_date_and_zone", Todo, {"due_zone": "UTC"}),
    ("todo_due_time_has_date_and_zone", Todo, {"due_at": NOW}),
    (
        "todo_due_time_has_date_and_zone",
        Todo,
        {"due_on": date(2026, 3, 1), "due_time": time(9)},
    ),
    (
        "todo_due_time_has_date_and_zone",
        Todo,
        {"due_time": time(9), "due_zone": "UTC", "due_at": NOW},
    ),
    (
        "todo_starts_before_due",
        Todo,
        {
            "due_on": date(2026, 3, 1),
            "starts_on": date(2026, 3, 2),
        },
    ),
    ("todo_finished_has_moment", Todo, {"is_finished": True}),
    ("todo_finished_has_moment", Todo, {"finished_at": NOW}),
    ("todo_not_own_parent", Todo, {"parent": models.F("id")}),
    ("todo_has_uid", Todo, {"uid": ""}),
    ("todo_has_rank", Todo, {"rank": ""}),
    ("comment_text_length", Comment, {"text": ""}),
    ("comment_text_length", Comment, {"text": "x" * 10_001}),
    ("attachment_has_name", Attachment, {"name": ""}),
    ("storedfile_size", StoredFile, {"size": -1}),
    ("storedfile_has_key_or_is_deleted", StoredFile, {"secret": None}),
    ("storedfile_has_key_or_is_deleted", StoredFile, {"deleted_at": NOW}),
]
# Unique together: a second row that repeats these columns of the first.
UNIQUE = [
    ("shippedgrant_once", ShippedGrant),
    ("idempotentanswer_once", IdempotentAnswer),
    ("usednonce_once", UsedNonce),
    ("membership_once", Membership),
    ("label_once", Label),
    ("todo_uid_once", Todo),
]


@pytest.fixture
def rows(owner, todo_list, todo):
    """Create a valid row of every model."""
    key, _token = issue_key(actor=owner, user=owner, name="x", now=NOW)
    use_nonce(key=key, nonce="x", signed_at=NOW)
    label(owner, todo_list, "red")
    put(owner, None)
    add_comment(actor=owner, todo=todo, text="x", now=NOW)
    attach(owner, todo, now=NOW)
    IdempotentAnswer.objects.create(user=owner, key="x", fingerprint="", created_at=NOW)


def row_of(model):
    rows = model._base_manager.order_by("pk")
    return (rows.filter(inbox_of__isnull=False) if model is TodoList else rows).first()


def constraints(kind):
    return {
        constraint.name
        for app in registry.apps
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, kind)
    }


def exceeds_column(name, values):
    """Return whether PostgreSQL refuses the text before it checks the constraint."""
    longest = {"todolist_name_length": 200, "label_name_length": 100}
    longest |= {"todo_content_length": 500, "todo_content_bytes": 500}
    text = next(iter(values.values()))
    return connection.vendor == "postgresql" and len(text) > longest.get(name, 10**6)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("name", "model", "values"), BROKEN)
def test_a_row_that_breaks_the_rule_is_refused(name, model, values):
    broken = model._base_manager.filter(pk=row_of(model).pk)
    before = model._base_manager.values().get(pk=row_of(model).pk)
    with pytest.raises(Exception) as refusal, transaction.atomic():  # noqa: PT011
        broken.update(**values)
    if isinstance(next(iter(values.values())), str) and exceeds_column(name, values):
        assert "too long" in str(refusal.value)
    else:
        assert isinstance(refusal.value, IntegrityError)
        assert name in str(refusal.value)
    assert model._base_manager.values().get(pk=before["id"]) == before


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("name", "model"), UNIQUE)
def test_a_duplicate_row_is_refused(name, model):
    twin = row_of(model)
    twin.pk = None if model in {ShippedGrant, UsedNonce} else new_id()
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        twin.save(force_insert=True)
    text = str(refusal.value)
    columns = next(
        constraint.fields
        for constraint in model._meta.constraints
        if constraint.name == name
    )
    assert name in text or all(column in text for column in columns)


@pytest.mark.usefixtures("rows")
def test_events_have_unique_numbers_within_a_stream():
    event = Event.objects.exclude(seq=None)[0]
    event.pk = new_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save(force_insert=True)
    event.stream_id = None
    with (
        pytest.raises(IntegrityError, match="event_seq_has_stream"),
        transaction.atomic(),
    ):
        event.save(force_insert=True)


def body_key(kid, **values):
    return BodyKey.objects.create(
        kid=kid,
        algorithm="RSA-OAEP-256",
        public_key={},
        secret=store_secret(b"", now=NOW),
        created_at=NOW,
        **values,
    )


def test_one_body_key_of_each_algorithm_is_current():
    body_key("retired", retired_at=NOW)
    body_key("current")
    with (
        pytest.raises(IntegrityError, match=r"bodykey_one_is_current|algorithm"),
        transaction.atomic(),
    ):
        body_key("another")


def test_every_constraint_is_tested_here():
    checks = {name for name, _model, _values in BROKEN}
    uniques = {name for name, _model in UNIQUE}
    assert constraints(models.CheckConstraint) - TESTED_BELOW == checks
    assert constraints(models.UniqueConstraint) - TESTED_BELOW == uniques


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "values",
    [
        {"content": "字" * 500},
        {"content": "😀" * 375},
        {"content": "é" * 500},
        {"notes": "字" * 20_000},
        {"due_on": date(2026, 3, 1)},
        {"is_finished": True, "finished_at": NOW, "finished_by": None},
        {"starts_on": date(2026, 3, 1)},
    ],
)
def test_values_at_the_limits_are_accepted(values):
    todo = row_of(Todo)
    Todo.with_trash.filter(pk=todo.pk).update(**values)
    kept = Todo.with_trash.values(*values).get(pk=todo.pk)
    assert kept == values


def test_ids_are_of_version_seven_and_sort_by_time(owner, todo_list):
    earlier, later = new_id(), new_id()
    assert (earlier.version, later.version) == (7, 7)
    assert earlier < later
    rows = [put(owner, todo_list) for _ in range(5)]
    ids = list(Todo.objects.filter(list=todo_list).order_by("pk").values_list("pk"))
    assert ids == [(row.pk,) for row in rows]
    for app in registry.apps:
        for model in apps.get_app_config(app).get_models():
            key = model._meta.pk
            if isinstance(key, models.UUIDField):
                assert key.default is new_id, model
