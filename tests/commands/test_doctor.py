"""The findings of the doctor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.services.people import remove_person
from core.models import Event
from tests.commands.breaking import UNREPAIRABLE, Breakage, delete_events, raw
from tests.commands.running import attempt, newest_migration, run, shell
from tests.conftest import NOW
from tests.todos.helpers import fresh, member, put
from todos.models import MemberRole
from todos.services.labels import remove_label
from todos.services.lists import edit_list
from todos.services.moving import reposition_todo
from todos.services.sharing import remove_member, share_list
from todos.services.todos import edit_todo, finish_todo, reopen_todo
from todos.services.trash import purge_todo, restore_todo, trash_todo

VALID_KEY = "0123456789abcdefghijklmnopqrstuvwxyz" * 2


def test_a_healthy_installation_exits_with_status_0(full, examine):
    lines = run("doctor").out.splitlines()
    assert {line.split()[1] for line in lines} == {"ok"}
    names = {line.split()[0] for line in lines}
    assert {"settings", "cache", "triggers", "depth", "todo-events"} <= names
    assert examine() == (0, {})


@pytest.mark.parametrize(
    ("name", "break_it"),
    UNREPAIRABLE,
    ids=[found.__name__ for _check, found in UNREPAIRABLE],
)
def test_changes_that_bypass_the_services_are_reported_but_not_repaired(
    full, elsewhere, outsider, examine, name: str, break_it: Breakage
):
    break_it(fresh(full))
    status, found = examine("--repair")
    assert status == 1
    assert found[name]["left"] == found[name]["found"] > 0
    assert found[name]["examples"]


def test_ordinary_use_leaves_no_findings(
    owner, editor, viewer, outsider, todo_list, todo, full, elsewhere, examine
):
    share_list(
        actor=owner, todo_list=elsewhere, user=outsider, role=MemberRole.EDITOR, now=NOW
    )
    tag = full.labels.get()
    away = edit_todo(actor=owner, todo=full, todo_list=elsewhere, now=NOW)
    edit_todo(actor=outsider, todo=away, content="Back", assignee=outsider, now=NOW)
    back = edit_todo(actor=owner, todo=away, todo_list=todo_list, now=NOW)
    finish_todo(actor=owner, todo=back, now=NOW)
    reopen_todo(actor=owner, todo=back, now=NOW)
    below = put(owner, todo_list, parent=todo, labels=[tag], assignee=editor)
    reposition_todo(actor=owner, todo=below, before=back, now=NOW)
    trash_todo(actor=owner, todo=fresh(todo), now=NOW)
    restore_todo(actor=owner, todo=fresh(below), now=NOW)
    purge_todo(actor=owner, todo=fresh(todo), now=NOW)
    remove_label(actor=owner, label=fresh(tag), now=NOW)
    remove_member(actor=owner, membership=member(todo_list, viewer), now=NOW)
    edit_list(actor=owner, todo_list=todo_list, name="Orchard", now=NOW)
    edit_list(actor=editor, todo_list=todo_list, colour="#123456", now=NOW)
    remove_person(actor=None, person=outsider, now=NOW)
    remove_person(actor=None, person=owner, now=NOW)
    run("purgetrash", "--older-than", "0")
    assert examine() == (0, {})


def test_drift_is_reported_after_the_log_was_pruned(full, owner, examine):
    reposition_todo(actor=owner, todo=full, before=full.parent, now=timezone.now())
    run("pruneevents", "--older-than", "1", "--yes")
    assert not Event.objects.filter(verb="todo.created").exists()
    assert examine() == (0, {})

    raw(full).update(rank="zz")
    status, found = examine()
    assert (status, set(found)) == (1, {"todo-events"})


def test_a_gap_left_by_pruning_is_not_reported(owner, todo_list, examine):
    horizon = timezone.now() - timedelta(days=365)
    first = fresh(todo_list).revision + 1
    # A writer that waited for the lock records an earlier time than the one before it.
    for seconds in (30, -30, 3600, 5400, 7200):
        put(owner, todo_list, now=horizon + timedelta(seconds=seconds))
    run("pruneevents", "--older-than", "365", "--yes")
    left = Event.objects.filter(stream_id=todo_list.pk, seq__gte=first)
    offsets = [seq - first for seq in left.values_list("seq", flat=True) if seq]
    assert sorted(offsets) == [0, 2, 3, 4]
    assert examine("--only", "numbers") == (0, {})

    delete_events(stream_id=todo_list.pk, seq=first + 3)
    status, found = examine("--only", "numbers")
    assert (status, set(found)) == (1, {"numbers"})


def test_insecure_settings_are_reported(db, settings, examine):
    settings.SECRET_KEY = "short"
    settings.DEBUG = True
    status, found = examine("--only", "settings")
    examples = " ".join(found["settings"]["examples"])
    assert status == 1
    assert "security.W009" in examples
    assert "security.W018" in examples


def test_plain_http_is_accepted_but_partial_https_settings_are_reported(
    db, settings, examine
):
    assert examine("--only", "settings") == (0, {})
    settings.SECURE_SSL_REDIRECT = True
    status, found = examine("--only", "settings")
    assert status == 1
    assert "security.W012" in " ".join(found["settings"]["examples"])


@pytest.mark.parametrize(
    ("backend", "location", "found"),
    [
        ("locmem.LocMemCache", "doctor", 0),
        ("filebased.FileBasedCache", "/dev/null/cache", 1),
    ],
)
def test_a_cache_that_loses_values_is_reported(
    db, settings, examine, backend: str, location: str, found: int
):
    path = f"django.core.cache.backends.{backend}"
    settings.CACHES = {"default": {"BACKEND": path, "LOCATION": location}}
    status, results = examine("--only", "cache")
    assert (status, len(results)) == (found, found)


def test_unapplied_migrations_exit_with_status_2(db):
    app, name = newest_migration("todos")
    MigrationRecorder(connection).record_unapplied(app, name)
    outcome = attempt("doctor")
    assert (outcome.status, outcome.out) == (2, "")
    assert f"{app}.{name}" in outcome.message


@pytest.fixture
def without_comment_table(transactional_db: None) -> Iterator[None]:
    """A database without the table of comments."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE todos_comment RENAME TO away")
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE away RENAME TO todos_comment")


def test_a_check_that_cannot_run_exits_with_status_2(without_comment_table):
    outcome = attempt("doctor", "--only", "comments")
    assert outcome.status == 2
    assert "could not run" in outcome.out
    assert outcome.message == "Could not run: comments."


def test_an_unknown_check_is_refused(db):
    assert "invalid choice" in attempt("doctor", "--only", "luck").message


@pytest.mark.django_db(transaction=True)
def test_success_findings_and_failure_have_different_exit_statuses(owner):
    def doctor(*arguments: str, **variables: Any) -> Any:
        return shell("doctor", *arguments, SECRET_KEY=VALID_KEY, **variables)

    healthy = doctor()
    assert (healthy.returncode, healthy.stderr) == (0, ""), healthy.stdout

    delete_events(resource_type="list")
    found = doctor("--json")
    assert found.returncode == 1
    assert json.loads(found.stdout)["checks"]
    assert "Problems remaining" in found.stderr

    nowhere = doctor(DATABASE_URL="sqlite:////nowhere/at/all.sqlite3")
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "cannot be reached" in nowhere.stderr
