"""The event log: actor, origin, transaction, and the values it must never contain."""

from __future__ import annotations

import pytest
from django.apps import apps

from accounts.services.passwords import hash_password
from accounts.services.people import add_person, change_profile
from core.events import origin, record
from core.models import Event, Recorded, Source
from tests.conftest import NOW, PASSWORD, api_for
from tests.todos.helpers import put


def test_events_name_the_origin_of_their_work(owner):
    with origin(Source.COMMAND, "job-1"):
        change_profile(actor=owner, now=NOW, display_name="a")
    change_profile(actor=owner, now=NOW, display_name="b")
    inner, outer = Event.objects.filter(verb="user.changed").order_by("pk")
    assert (inner.source, inner.request_id) == ("command", "job-1")
    assert (outer.source, outer.request_id) == ("system", "")


def test_work_without_an_actor_is_recorded_as_of_the_system(db):
    person = add_person(
        actor=None, username="x", password_hash=hash_password(PASSWORD), now=NOW
    )
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


def test_an_auditor_reads_that_something_changed_but_not_what(
    auditor, owner, todo_list, todo
):
    api = api_for(auditor)
    found = api.get("/api/v1/events?resource_type=todo").json()["results"]
    assert [event["verb"] for event in found] == ["todo.created"]
    assert found[0]["changes"] is None
    assert "content" in found[0]["fields_changed"]
    assert found[0]["actor_label"] == "olga"
