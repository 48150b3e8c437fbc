"""The event log is append-only, enforced by the database."""

from __future__ import annotations

from functools import partial

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from core.append_only import TRIGGERS, events_open, install_triggers, missing_triggers
from core.events import prune, record, redact_actor
from core.ids import new_id
from core.models import Event
from tests.conftest import NOW

TABLE = "core_event"
EMPTY = "DELETE FROM core_event"


@pytest.fixture
def event(owner, todo):
    """An event of the list, among others."""
    return Event.objects.get(verb="todo.created")


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def assert_refused(*statements):
    """Assert that each statement is refused and leaves the log as it is."""
    before = list(Event.objects.order_by("pk").values())
    for statement in statements:
        act = statement if callable(statement) else partial(run, statement)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    assert list(Event.objects.order_by("pk").values()) == before


def test_the_orm_cannot_change_events(event):
    def edit():
        event.verb = "todo.nothing"
        event.save()

    all_events = Event.objects.all()
    assert_refused(
        edit,
        event.delete,
        all_events.delete,
        lambda: all_events.update(actor_label="nobody"),
        lambda: Event.objects.bulk_update([event], ["changes"]),
        lambda: Event.objects.filter(pk=event.pk)._raw_delete(using="default"),
    )


def test_sql_cannot_change_events(event):
    assert_refused(
        "UPDATE core_event SET verb = 'x'",
        "UPDATE core_event SET verb = verb",
        EMPTY,
        "DELETE FROM core_event WHERE verb = 'todo.created'",
    )


def test_events_cannot_be_replaced(event, on_postgresql):
    columns = [str(field.column) for field in Event._meta.concrete_fields]
    names = ", ".join(columns)

    def copy(**changed):
        chosen = ", ".join(changed.get(column, column) for column in columns)
        where = "FROM core_event WHERE verb = 'todo.created'"
        return f"SELECT {chosen} {where}"

    other = f"'{new_id().hex}'"
    if on_postgresql:
        assert_refused(
            f"TRUNCATE {TABLE} CASCADE",
            f"INSERT INTO {TABLE} ({names}) {copy()}"
            " ON CONFLICT (id) DO UPDATE SET verb = 'x'",
        )
    else:
        by_rowid = f"SELECT rowid, {copy(id=other, seq='999').removeprefix('SELECT ')}"
        assert_refused(
            f"INSERT OR REPLACE INTO {TABLE} ({names}) {copy()}",
            f"REPLACE INTO {TABLE} ({names}) {copy(id=other)}",
            f"REPLACE INTO {TABLE} (rowid, {names}) {by_rowid}",
            "UPDATE OR REPLACE core_event SET seq = 1",
        )


def test_events_can_be_added(event, owner):
    record(actor=owner, verb="user.changed", target=owner, changes={}, at=NOW)
    with events_open():
        pass
    record(actor=owner, verb="user.changed", target=owner, changes={}, at=NOW)
    assert Event.objects.filter(verb="user.changed").count() == 2


def test_the_log_is_protected_again_after_a_failure(event):
    with pytest.raises(ZeroDivisionError), events_open():
        raise ZeroDivisionError
    assert_refused(EMPTY)
    assert missing_triggers() == []


def test_the_log_is_protected_again_after_the_block(event):
    redact_actor(actor_id=event.actor_id, label="somebody")
    assert Event.objects.get(pk=event.pk).actor_label == "somebody"
    assert_refused(EMPTY)


def test_pruning_deletes_only_older_events(event, owner):
    total = Event.objects.count()
    record(actor=owner, verb="user.changed", target=owner, changes={}, at=NOW)
    old = Event.objects.filter(at__lt=NOW).count()
    assert prune(before=NOW) == old
    assert Event.objects.count() == total + 1 - old
    assert prune(before=NOW) == 0
    assert_refused(EMPTY)


@pytest.mark.django_db(transaction=True)
def test_migrating_restores_triggers_of_a_recreated_table(owner, on_postgresql):
    field = Event._meta.get_field("verb")
    longer = models.CharField(max_length=65, db_comment=field.db_comment)
    longer.set_attributes_from_name("verb")
    longer.model = Event
    for one, other in ((field, longer), (longer, field)):
        with connection.schema_editor() as editor:
            editor.alter_field(Event, one, other)
    assert missing_triggers() == ([] if on_postgresql else list(TRIGGERS["sqlite"]))
    call_command("migrate", verbosity=0)
    assert missing_triggers() == []
    assert_refused(EMPTY)


@pytest.mark.django_db
def test_a_missing_trigger_is_reported_and_restored(on_postgresql):
    names = TRIGGERS[connection.vendor]
    on_table = f" ON {TABLE}" if on_postgresql else ""
    run(f"DROP TRIGGER {names[0]}{on_table}")
    assert missing_triggers() == [names[0]]
    install_triggers()
    install_triggers()
    assert missing_triggers() == []
