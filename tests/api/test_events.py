"""Each write through the API leaves its events: who, as which request, what."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from core.models import Event, Source
from core.registry import registry
from tests.conftest import api_for

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
