"""Every change records an event: who, through which door, before and after."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps

from accounts.services.people import add_person, change_profile
from core.events import origin, record
from core.models import Event, Recorded, Source
from core.registry import registry
from tests.conftest import NOW, PASSWORD, api_for
from tests.todos.helpers import put
from todos.services.todos import edit_todo

# Method, address, body, and the types of the recorded events, in order.
STORY = [
    ("post", "lists", {"name": "House"}, ["list.created", "membership.created"]),
    ("patch", "lists/{list}", {"name": "Home"}, ["list.changed"]),
    ("patch", "lists/{list}", {"colour": "#00ff00"}, ["membership.changed"]),
    ("post", "lists/{list}/members", {"person": "edgar"}, ["membership.created"]),
    (
        "patch",
        "lists/{list}/members/{member}",
        {"role": "viewer"},
        ["membership.changed"],
    ),
    ("delete", "lists/{list}/members/{member}", None, ["membership.removed"]),
    ("post", "labels", {"list": "{list}", "name": "red"}, ["label.created"]),
    ("patch", "labels/{label}", {"name": "blue"}, ["label.changed"]),
    ("post", "todos", {"list": "{list}", "content": "Dig"}, ["todo.created"]),
    ("patch", "todos/{todo}", {"labels": ["{label}"]}, ["todo.changed"]),
    ("put", "todos/{todo}/finish", None, ["todo.finished"]),
    ("put", "todos/{todo}/finish", None, []),
    ("delete", "todos/{todo}/finish", None, ["todo.reopened"]),
    ("post", "todos/{todo}/comments", {"text": "How?"}, ["comment.created"]),
    (
        "patch",
        "todos/{todo}/comments/{comment}",
        {"text": "How deep?"},
        ["comment.changed"],
    ),
    ("delete", "todos/{todo}/comments/{comment}", None, ["comment.removed"]),
    ("delete", "labels/{label}", None, ["todo.changed", "label.removed"]),
    (
        "patch",
        "todos/{todo}",
        {"list": "{inbox}", "content": "Dig deep"},
        ["todo.changed", "todo.moved_out", "todo.moved_in"],
    ),
    ("delete", "todos/{todo}", None, ["todo.trashed"]),
    ("post", "todos/{todo}/restore", None, ["todo.restored"]),
    ("delete", "todos/{todo}", None, ["todo.trashed"]),
    ("delete", "todos/{todo}/purge", None, ["todo.purged"]),
    ("delete", "lists/{list}", None, ["list.trashed"]),
    ("post", "lists/{list}/restore", None, ["list.restored"]),
    ("patch", "me", {"display_name": "O"}, ["user.changed"]),
    ("post", "me/keys", {"name": "phone"}, ["apikey.created"]),
    ("delete", "me/keys/{key}", None, ["apikey.revoked"]),
]
_MADE = {
    "lists": "list",
    "members": "member",
    "labels": "label",
    "todos": "todo",
    "comments": "comment",
    "keys": "key",
}


def fill(value, names):
    """Put ids into a text, list or dictionary of texts."""
    if isinstance(value, dict):
        return {name: fill(part, names) for name, part in value.items()}
    if isinstance(value, list):
        return [fill(part, names) for part in value]
    return value.format(**names) if isinstance(value, str) else value


def test_every_write_through_the_api_records_its_events(owner, editor):
    api = api_for(owner, list(registry.scopes))
    names = {"inbox": str(owner.inbox.pk)}
    for number, (method, address, body, verbs) in enumerate(STORY):
        request_id = f"request-{number:04}"
        answer = getattr(api, method)(
            f"/api/v1/{address.format(**names)}",
            fill(body, names),
            headers={"X-Request-ID": request_id},
        )
        assert answer.status_code < 300, (address, answer.content)
        if answer.status_code == 201:
            names[_MADE[address.rpartition("/")[2]]] = answer.json()["id"]
        recorded = list(Event.objects.filter(request_id=request_id).order_by("pk"))
        assert [event.verb for event in recorded] == verbs, (method, address)
        for event in recorded:
            assert (event.actor_id, event.actor_label) == (owner.pk, "olga")
            assert event.source == Source.API
            assert event.resource_type == event.verb.partition(".")[0]
    assert_gapless()


def assert_gapless():
    """Assert that the events of every stream are numbered from one without gaps."""
    numbers: dict[Any, list[Any]] = {}
    recorded = Event.objects.exclude(seq=None).order_by("stream_id", "seq")
    for stream, seq in recorded.values_list("stream_id", "seq"):
        numbers.setdefault(stream, []).append(seq)
    lists = apps.get_model("todos", "TodoList").objects.values_list("pk", "revision")
    for stream, seqs in numbers.items():
        assert seqs == list(range(1, len(seqs) + 1))
        assert dict(lists)[stream] == len(seqs)


def test_events_record_through_which_door_they_came(owner):
    with origin(Source.COMMAND, "job-1"):
        change_profile(actor=owner, now=NOW, display_name="a")
    change_profile(actor=owner, now=NOW, display_name="b")
    inner, outer = Event.objects.filter(verb="user.changed").order_by("pk")
    assert (inner.source, inner.request_id) == ("command", "job-1")
    assert (outer.source, outer.request_id) == ("system", "")


def test_an_event_without_an_actor_is_by_the_system(db):
    person = add_person(actor=None, username="x", password=PASSWORD, now=NOW)
    event = Event.objects.about("user", person.pk).get()
    assert (event.actor_id, event.actor_label) == (None, "")


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_the_transaction_of_its_change_is_refused(owner):
    before = Event.objects.count()
    with pytest.raises(RuntimeError, match="transaction"):
        record(actor=owner, verb="user.changed", target=owner, changes={}, at=NOW)
    assert Event.objects.count() == before


def test_no_model_records_a_secret():
    secrets = {"password", "secret_hash", "last_login", "public_id", "search_key"}
    recorded = {
        model.__name__: secrets & set(model.recorded)
        for model in apps.get_models()
        if issubclass(model, Recorded)
    }
    assert len(recorded) >= 7
    assert not any(recorded.values())
    for model in apps.get_models():
        if issubclass(model, Recorded):
            for name in model.recorded:
                model._meta.get_field(name)


def test_events_outlive_their_subject(owner, todo_list):
    before = Event.objects.count()
    put(owner, todo_list)
    type(todo_list).objects.filter(pk=todo_list.pk).delete()
    owner.is_active = False
    assert Event.objects.count() == before + 1


def test_auditors_read_only_the_log(auditor, owner, todo_list, todo):
    api = api_for(auditor)
    recorded = api.get("/api/v1/events?resource_type=todo").json()["results"]
    assert [event["verb"] for event in recorded] == ["todo.created"]
    assert recorded[0]["changes"] is None
    assert "content" in recorded[0]["fields_changed"]
    assert recorded[0]["actor_label"] == "olga"


def test_history_is_shown_to_everyone_who_sees_the_todo(viewer_api, outsider_api, todo):
    address = f"/api/v1/todos/{todo.pk}/history"
    (event,) = viewer_api.get(address).json()["results"]
    assert event["changes"]["content"] == [None, "Plant a tree"]
    assert outsider_api.get(address).status_code == 404


def test_history_omits_lists_that_the_person_does_not_see(owner, viewer_api, todo_list):
    todo = put(owner, None, "canary")
    edit_todo(actor=owner, todo=todo, todo_list=todo_list, content="plain", now=NOW)
    answer = viewer_api.get(f"/api/v1/todos/{todo.pk}/history")
    recorded = answer.json()["results"]
    assert [event["verb"] for event in recorded] == ["todo.moved_in"]
    assert "canary" not in answer.content.decode()
