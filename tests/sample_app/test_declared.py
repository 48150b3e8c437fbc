"""Everything that an app declares works if only the settings name the app."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from accounts.services.people import remove_person
from core.models import Event, TaskSchedule
from core.registry import registry
from tests.admin.cast import save
from tests.commands.running import attempt, run
from tests.conftest import browser_for
from tests.sample_app import health
from tests.sample_app.models import Bookmark
from tests.sample_app.services import add_bookmark
from tests.sample_app.tasks import remove_orphans

ADD = "/admin/bookmarks/bookmark/add/"


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_shipped_role_grants_its_permissions(owner):
    assert owner.has_perm("bookmarks.add_bookmark")
    assert not owner.has_perm("bookmarks.run_bookmark")


def test_every_declared_event_is_recorded(owner, owner_api):
    made = owner_api.post("/api/v1/bookmarks", {"title": "News"}).json()
    address = f"/api/v1/bookmarks/{made['id']}"
    assert owner_api.patch(address, {"title": "Old news"}).status_code == 200
    assert owner_api.delete(address).status_code == 204
    recorded = Event.objects.filter(resource_type="bookmark").order_by("pk")
    verbs = list(recorded.values_list("verb", flat=True))
    assert verbs == [one.name for one in registry.subjects["bookmark"].event_types]
    assert set(recorded.values_list("stream_id", flat=True)) == {owner.pk}


def test_an_auditor_sees_that_a_bookmark_was_made_but_not_which(owner, auditor_api):
    row = add_bookmark(actor=owner, title="Secret", now=owner.created_at)
    found = auditor_api.get(f"/api/v1/events?resource_id={row.pk}").json()["results"]
    assert [(one["verb"], one["changes"]) for one in found] == [
        ("bookmark.created", None)
    ]


def test_pages_add_change_and_remove(owner, owner_browser):
    assert save(owner_browser, ADD, title="News").status_code == 302
    row = Bookmark.objects.visible_to(owner).get()
    page = f"/admin/bookmarks/bookmark/{row.pk}"
    assert save(owner_browser, f"{page}/change/", title="Maps").status_code == 302
    assert Bookmark.objects.get().title == "Maps"
    owner_browser.post(f"{page}/delete/", {"post": "yes"})
    assert not Bookmark.objects.exists()


def test_the_navigation_leads_to_its_pages(owner):
    page = browser_for(owner).get("/admin/").content.decode()
    assert "/admin/bookmarks/bookmark/" in page


def test_the_api_describes_it(owner_api):
    document = owner_api.get("/api/v1/schema").json()
    assert {"/api/v1/bookmarks", "/drop/pages"} <= set(document["paths"])
    assert "bookmarks" in {tag["name"] for tag in document["tags"]}


def test_readiness_names_its_part(client, db, monkeypatch):
    monkeypatch.setattr("todo_project.observability.health.CACHE_SECONDS", 0)
    assert client.get("/readyz").json()["checks"]["uploads"] == "ok"
    monkeypatch.setattr(health, "LEAST", 2**80)
    assert client.get("/readyz").json()["checks"]["uploads"] == "failed"


@pytest.fixture
def orphan(owner):
    row = add_bookmark(actor=owner, title="News", now=owner.created_at)
    remove_person(actor=None, person=owner, now=timezone.now())
    return row


def test_the_doctor_finds_and_repairs(orphan):
    found = attempt("doctor", "--only", "bookmarks")
    assert (found.status, str(orphan.pk) in found.out) == (1, True)
    assert "repaired 1" in run("doctor", "--only", "bookmarks", "--repair").out


def test_its_task_runs_on_schedule(orphan):
    assert remove_orphans.name in registry.tasks
    remove_orphans.apply()
    assert not Bookmark.objects.exists()
    event = Event.objects.get(verb="bookmark.removed")
    assert event.actor_id is None
    assert TaskSchedule.objects.filter(name=remove_orphans.name).exists()


def test_the_doctor_finds_nothing_wrong_with_its_events(owner):
    add_bookmark(actor=owner, title="News", now=owner.created_at)
    assert "ok" in run("doctor", "--only", "numbers").out


def test_samples_and_first_steps_are_made(db):
    run("welcome")
    assert Bookmark.objects.get().owner.username == "admin"
    run("makesample", "--todos", "10", "--people", "3", "--bookmarks", "2")
    people = User.objects.filter(username__startswith="sample-")
    assert [person.bookmarks.count() for person in people] == [2, 2, 2]
