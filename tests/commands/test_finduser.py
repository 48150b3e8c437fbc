"""The command finduser."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.services.people import change_person, remove_person
from tests.commands.running import attempt, refusal, run, shell
from tests.conftest import make_person


@pytest.fixture
def people(owner: User, editor: User) -> list[User]:
    return [owner, editor, make_person("li.na", display_name="李娜 ÅSA")]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("olg", ["olga"]),
        ("OLGA@EXAMPLE", ["olga"]),
        ("editor", ["edgar"]),
        ("李", ["li.na"]),
        ("åsa", ["li.na"]),
        ("l", ["li.na", "olga"]),
        ("%", []),
        ("_", []),
    ],
)
def test_people_are_found_by_a_part_of_a_name_or_address(people, query, names):
    outcome = attempt("finduser", query, "--json")
    assert [person["username"] for person in json.loads(outcome.out)] == names
    assert outcome.status == (0 if names else 1)


def test_people_are_found_by_their_id(people):
    for person in people:
        found = json.loads(run("finduser", str(person.pk), "--json").out)
        assert [row["id"] for row in found] == [str(person.pk)]
        assert found[0]["roles"] == ["member"]


def test_no_match_exits_with_status_1(people):
    assert refusal("finduser", "zzz") == "No user matches 'zzz'."


def test_table_columns_align_with_chinese_names(people):
    run_out = run("finduser", "a").out.splitlines()
    wide = next(line for line in run_out if "李娜" in line)
    narrow = next(line for line in run_out if "olga" in line)
    # Each of the two Chinese characters takes two columns.
    assert wide.index("active") + 2 == narrow.index("active")


def test_the_state_of_a_person_is_shown(people):
    owner, editor, _third = people
    change_person(actor=None, person=owner, is_active=False, now=timezone.now())
    remove_person(actor=None, person=editor, now=timezone.now())
    states = {
        person["username"]: person["state"]
        for person in json.loads(run("finduser", "", "--json").out)
    }
    assert states.pop("olga") == "disabled"
    assert states.pop("li.na") == "active"
    assert list(states.values()) == ["removed"]


def test_a_name_cannot_send_control_characters_to_the_terminal(db):
    make_person("mallory", display_name="\x1b[2Jgone")
    assert "\x1b" not in run("finduser", "mallory").out


@pytest.mark.django_db(transaction=True)
def test_stdout_contains_only_the_result(owner):
    done = shell("finduser", "olga", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[0]["username"] == "olga"
    nobody = shell("finduser", "zzz")
    assert (nobody.returncode, nobody.stdout) == (1, "")
