"""Every evaluation of a password shares one set of limits."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import AttemptCounter
from accounts.services.attempts import (
    LIMITS,
    Attempt,
    TooManyAttempts,
    count_attempt,
    network_of,
    uncount_attempt,
)
from accounts.services.passwords import hash_password
from accounts.services.people import set_password
from accounts.tasks import prune
from core.models import Event
from tests.conftest import NOW, PASSWORD, browser_for
from tests.todos.threads import wait_long

SIGN_IN, CHANGE = "/admin/login/", "/admin/password_change/"
TIGHT = LIMITS["pair"].count
NEW = "a much longer passphrase"
HOME, ELSEWHERE = "192.0.2.7", "203.0.113.9"


def sign_in(
    name: str = "olga",
    password: str = "guess",  # noqa: S107
    address: str = HOME,
    browser: Client | None = None,
) -> Any:
    typed = {"username": name, "password": password}
    return (browser or Client()).post(SIGN_IN, typed, REMOTE_ADDR=address)


def guess_old(browser: Client, old: str = "guess", address: str = HOME) -> Any:
    typed = {"old_password": old, "new_password1": NEW, "new_password2": NEW}
    return browser.post(CHANGE, typed, REMOTE_ADDR=address)


def assert_locked(answer: Any) -> None:
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    form = answer.context["form"]
    errors = [text for texts in form.errors.values() for text in texts]
    assert errors == ["Too many failed attempts. Try again in 15 minutes."]


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the passwords that are hashed."""
    found: list[str] = []
    encode = MD5PasswordHasher.encode

    def note(self: Any, password: str, salt: str) -> str:
        found.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", note)
    return found


@pytest.mark.parametrize("name", ["olga", "nobody"])
def test_after_ten_failures_nothing_is_evaluated_even_for_unknown_names(
    owner, evaluated, name
):
    evaluated.clear()
    assert [sign_in(name).status_code for _ in range(TIGHT)] == [200] * TIGHT
    assert len(evaluated) == TIGHT
    for password in ("guess", PASSWORD):
        assert_locked(sign_in(name, password))
        assert_locked(sign_in(name.upper(), password))  # the same account
    assert len(evaluated) == TIGHT


def test_all_places_share_the_counters(owner, evaluated):
    browser = browser_for(owner)
    half = TIGHT // 2
    assert [guess_old(browser).status_code for _ in range(half)] == [200] * half
    assert [sign_in().status_code for _ in range(half)] == [200] * half
    evaluated.clear()
    assert_locked(guess_old(browser, PASSWORD))
    assert_locked(sign_in(password=PASSWORD))
    assert evaluated == []
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_the_right_old_password_changes_it_and_keeps_the_session(owner):
    browser = browser_for(owner)
    assert guess_old(browser, PASSWORD).status_code == 302
    assert browser.get(CHANGE).status_code == 200
    assert sign_in(password=NEW).status_code == 302


def test_a_lockout_is_recorded_once_with_its_address(owner):
    for _ in range(TIGHT + 3):
        sign_in()
        sign_in("nobody")
    [event] = Event.objects.filter(verb="user.locked_out")
    assert (event.resource_id, event.actor_id) == (str(owner.pk), None)
    assert event.changes["address"] == [None, HOME]
    assert datetime.fromisoformat(event.changes["until"][1]) > timezone.now()
    [other] = Event.objects.filter(verb="attempts.locked_out")
    assert "nobody" not in str(other.changes)


def test_a_success_starts_the_count_again(owner):
    for _ in range(3):
        for _ in range(TIGHT - 1):
            sign_in()
        assert sign_in(password=PASSWORD).status_code == 302


def test_guesses_from_elsewhere_do_not_lock_the_person_out(owner):
    for _ in range(TIGHT + 1):
        sign_in(address=ELSEWHERE)
    assert sign_in(address=HOME, password=PASSWORD).status_code == 302


def test_a_known_device_is_not_locked_out_by_others(owner, monkeypatch):
    browser = Client()
    assert sign_in(password=PASSWORD, browser=browser).status_code == 302
    device = browser.cookies["device"]
    assert (device["httponly"], device["samesite"]) == (True, "Lax")
    monkeypatch.setitem(LIMITS, "account", LIMITS["pair"])
    for _ in range(TIGHT + 1):
        sign_in(address=HOME)  # at the person's own address
    assert_locked(sign_in(password=PASSWORD, address=ELSEWHERE))
    browser.logout()
    browser.cookies["device"] = device.value
    assert sign_in(password=PASSWORD, browser=browser).status_code == 302


def test_a_device_is_limited_itself_and_known_for_one_account_only(owner, editor):
    browser = Client()
    sign_in(password=PASSWORD, browser=browser)
    for _ in range(TIGHT):
        sign_in(browser=browser)
    assert_locked(sign_in(password=PASSWORD, browser=browser))
    for _ in range(TIGHT):
        sign_in("edgar")
    assert_locked(sign_in("edgar", PASSWORD, browser=browser))
    browser.cookies["device"] = "forged:1:x"
    assert sign_in(password=PASSWORD, browser=browser).status_code == 302


def test_three_hundred_people_behind_one_address_sign_in(db):
    for number in range(300):
        attempt = Attempt(f"person{number}", HOME)
        count_attempt(attempt, now=NOW)  # mistyped once
        count_attempt(attempt, now=NOW)
        uncount_attempt(attempt, now=NOW)


@pytest.mark.parametrize("kind", ["account", "address"])
def test_an_account_and_an_address_are_limited_in_total(db, kind, monkeypatch):
    monkeypatch.setitem(LIMITS, kind, LIMITS["pair"])
    for number in range(TIGHT + 1):
        attempt = {
            "account": Attempt("olga", f"192.0.2.{number}"),
            "address": Attempt(f"person{number}", f"2001:db8:0:1::{number}"),
        }[kind]
        if number < TIGHT:
            count_attempt(attempt, now=NOW)
    with pytest.raises(TooManyAttempts):
        count_attempt(attempt, now=NOW)


def test_the_count_starts_again_when_its_window_ends(db):
    attempt = Attempt("olga", HOME)
    window = LIMITS["pair"].window
    for _ in range(2):
        for number in range(TIGHT):
            count_attempt(attempt, now=NOW + timedelta(seconds=number))
        with pytest.raises(TooManyAttempts) as refused:
            count_attempt(attempt, now=NOW + window - timedelta(seconds=90))
        assert refused.value.retry_after == 90
        AttemptCounter.objects.update(resets_at=NOW)


def test_a_password_set_by_a_manager_ends_the_lockout(owner, manager):
    for _ in range(TIGHT + 1):
        sign_in()
    new = hash_password(NEW)
    set_password(actor=manager, person=owner, password_hash=new, now=NOW)
    assert sign_in(password=NEW).status_code == 302


def test_old_counters_are_deleted_and_current_ones_kept(db):
    now = timezone.now()
    count_attempt(Attempt("old", HOME), now=now - timedelta(hours=3))
    count_attempt(Attempt("new", ELSEWHERE), now=now)
    prune()
    assert AttemptCounter.objects.count() == 3


def test_no_counter_names_a_person_or_an_address(db):
    count_attempt(Attempt("olga", HOME), now=NOW)
    stored = str(list(AttemptCounter.objects.values_list("key", "account")))
    assert "olga" not in stored
    assert HOME not in stored


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:ffff::9", "2001:db8:0:1::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address, network):
    assert network_of(address) == network


# --- Transactions --------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_attempt_cannot_be_counted_inside_a_transaction_that_may_roll_back(db):
    with pytest.raises(RuntimeError), transaction.atomic():
        count_attempt(Attempt("olga", HOME), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_cannot_exceed_the_limit(db):
    outcomes: list[bool] = []
    begin = threading.Barrier(4)

    def guess() -> None:
        wait_long()
        begin.wait()
        try:
            for _ in range(TIGHT):
                try:
                    count_attempt(Attempt("olga", HOME), now=NOW)
                except TooManyAttempts:
                    outcomes.append(False)
                else:
                    outcomes.append(True)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(guess) for _ in range(4)]:
            done.result()
    assert (outcomes.count(True), len(outcomes)) == (TIGHT, 4 * TIGHT)


CODE = [
    path
    for app in ("core", "accounts", "todos", "todo_project")
    for path in Path(settings.PACKAGE_DIR).parent.joinpath(app).rglob("*.py")
]


def test_no_code_evaluates_passwords_without_the_limits():
    evaluating = re.compile(r"\bcheck_password\(")
    assert len(CODE) > 100
    assert [path for path in CODE if evaluating.search(path.read_text())] == []
