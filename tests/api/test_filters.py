"""Filters of todos: what each finds, and that none finds rows of other people."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote

import pytest

from tests.conftest import NOW
from tests.problems import assert_problem
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.todos import add_todo, finish_todo
from todos.services.trash import trash_todo

TODOS = "/api/v1/todos"
UNKNOWN = "01997f3a-6c2e-7d41-9a53-1f0c8e5b7a10"


@pytest.fixture
def add(owner, todo_list):
    """Return a function that adds a todo to the shared list."""

    def make(content, **fields):
        fields = {"todo_list": todo_list, "now": NOW} | fields
        return add_todo(actor=owner, content=content, **fields)

    return make


@pytest.fixture
def found(owner_api):
    """Return a function that returns the contents that a query finds, sorted."""

    def find(**query):
        text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
        answer = owner_api.get(f"{TODOS}?page_size=200&{text}")
        assert answer.status_code == 200, answer.content
        return sorted(todo["content"] for todo in answer.json()["results"])

    return find


def test_todos_are_filtered_by_list(add, found, owner, todo_list):
    add("here")
    other = add_list(actor=owner, name="Shed", now=NOW)
    add("there", todo_list=other)
    assert found(list=todo_list.pk) == ["here"]
    assert found(list=other.pk) == ["there"]
    assert found(list=str(other.pk).upper()) == ["there"]


def test_todos_are_filtered_by_state(add, found, owner):
    add("open")
    finish_todo(actor=owner, todo=add("finished"), now=NOW)
    trash_todo(actor=owner, todo=add("trashed"), now=NOW)
    assert found() == ["finished", "open"]
    for state in ("open", "finished", "trashed"):
        assert found(state=state) == [state]


def test_todos_are_filtered_by_label(add, found, owner, todo_list):
    label = add_label(actor=owner, todo_list=todo_list, name="urgent", now=NOW)
    add("with", labels=[label])
    add("without")
    assert found(label=label.pk) == ["with"]


def test_todos_are_filtered_by_several_labels(add, found, owner, todo_list):
    other = add_list(actor=owner, name="Shed", now=NOW)
    red, blue = (
        add_label(actor=owner, todo_list=todo_list, name=name, now=NOW)
        for name in ("red", "blue")
    )
    away = add_label(actor=owner, todo_list=other, name="red", now=NOW)
    add("none")
    add("red", labels=[red])
    add("blue", labels=[blue])
    add("both", labels=[red, blue])
    add("away", labels=[away], todo_list=other)
    assert found(labels_any=f"{red.pk},{blue.pk}") == ["blue", "both", "red"]
    assert found(labels_any=f"{red.pk},{away.pk}") == ["away", "both", "red"]
    assert found(labels_any=f"{red.pk},{UNKNOWN}") == ["both", "red"]
    assert found(labels_any=red.pk) == found(labels_all=red.pk) == ["both", "red"]
    assert found(labels_all=f"{red.pk},{blue.pk}") == ["both"]
    assert found(labels_all=f"{red.pk},{red.pk}") == ["both", "red"]
    assert found(labels_all=f"{red.pk},{away.pk}") == []
    assert found(labels_all=f"{red.pk},{UNKNOWN}") == []
    assert found(labels_any=f"{red.pk},{blue.pk}", label=blue.pk) == ["blue", "both"]


def test_todos_are_filtered_by_nobody_and_me(add, found, owner, editor_api, editor):
    add("free")
    add("hers", assignee=owner)
    add("his", assignee=editor)
    assert found(assignee="me") == ["hers"]
    assert found(assignee="none") == ["free"]
    page = editor_api.get(f"{TODOS}?assignee=me").json()
    assert [todo["content"] for todo in page["results"]] == ["his"]


def test_todos_are_filtered_by_whether_they_have_a_due_date(add, found):
    add("some day")
    add("day", due_on=date(2999, 12, 31))
    add("time", due_on=date(1900, 1, 1), due_time=time(0), due_zone="UTC")
    assert found(due="none") == ["some day"]
    assert found(due="any") == ["day", "time"]
    assert found(due="none", due_from="1900-01-01") == []


def test_finished_todos_are_ordered_by_when_they_were_finished(add, owner_api, owner):
    """The last finished first, however old; open ones come at the other end."""
    todos = [add(f"{number}", now=NOW + timedelta(hours=number)) for number in range(4)]
    for minute, number in enumerate((2, 0, 1)):
        at = NOW + timedelta(days=1, minutes=minute)
        finish_todo(actor=owner, todo=todos[number], now=at)

    def listed(query):
        found, page = [], f"{TODOS}?page_size=1&{query}"
        while page:
            answer = owner_api.get(page).json()
            found += [todo["content"] for todo in answer["results"]]
            page = answer["next"]
        return "".join(found)

    assert listed("state=finished") == "102"
    assert listed("state=finished&ordering=-finished_at") == "102"
    assert listed("state=finished&ordering=finished_at") == "201"
    assert listed("ordering=-finished_at") == "3102"
    assert listed("ordering=finished_at") == "2013"
    assert listed("state=finished&ordering=-created_at") == "210"


def test_todos_are_filtered_by_assignee_priority_and_parent(add, found, editor):
    parent = add("parent", priority=3)
    add("part", parent=parent)
    add("hers", assignee=editor)
    assert found(assignee=editor.pk) == ["hers"]
    assert found(priority=3) == ["parent"]
    assert found(priority=0) == ["hers", "part"]
    assert found(parent=parent.pk) == ["part"]


def test_todos_are_filtered_by_due_date(add, found):
    for day in (1, 2, 3):
        add(f"on {day}", due_on=date(2026, 3, day))
    add(
        "in the west", due_on=date(2026, 3, 2), due_time=time(23), due_zone="Etc/GMT+12"
    )
    add("in the east", due_on=date(2026, 3, 2), due_time=time(1), due_zone="Etc/GMT-14")
    add("some day")
    second = ["in the east", "in the west", "on 2"]
    assert found(due_from="2026-03-02", due_to="2026-03-02") == second
    assert found(due_from="2026-03-03") == ["on 3"]
    assert found(due_to="2026-03-01") == ["on 1"]
    assert found(due_from="2026-03-03", due_to="2026-03-01") == []


def test_todos_are_filtered_by_creation_time(add, found):
    for minute in (0, 1, 2):
        add(f"at {minute}", now=NOW + timedelta(minutes=minute))
    assert found(created_from="2026-03-01T12:01:00Z") == ["at 1", "at 2"]
    assert found(created_to="2026-03-01T12:01:00Z") == ["at 0", "at 1"]
    # 20:01 in Shanghai is 12:01 in UTC.
    assert found(created_from="2026-03-01T20:01:00+08:00") == ["at 1", "at 2"]
    assert found(created_to="2026-03-01T12:01:00.5z") == ["at 0", "at 1"]


def test_the_offset_of_overdue_at_decides_which_days_are_over(add, found):
    add("on the first", due_on=date(2026, 3, 1))
    # It is already the second of March in Shanghai, and still the first in Chicago.
    assert found(overdue_at="2026-03-02T00:30:00+08:00") == ["on the first"]
    assert found(overdue_at="2026-03-01T16:30:00Z") == []
    assert found(overdue_at="2026-03-01T10:30:00-06:00") == []
    assert found(overdue_at="2026-03-02T00:30:00-06:00") == ["on the first"]


def test_a_due_time_is_over_at_the_same_moment_in_every_offset(add, found, owner):
    due = {"due_on": date(2026, 3, 1), "due_time": time(9), "due_zone": "Asia/Shanghai"}
    add("late", **due)
    finish_todo(actor=owner, todo=add("done", **due), now=NOW)
    assert found(overdue_at="2026-03-01T01:00:01Z") == ["late"]
    assert found(overdue_at="2026-03-01T09:00:01+08:00") == ["late"]
    assert found(overdue_at="2026-03-01T00:59:59Z") == []
    assert found(overdue_at="2026-03-01T08:59:59+08:00") == []


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("学", ["好好学习", "学"]),
        ("学习", ["好好学习"]),
        ("习学", []),
        ("TREE", ["Plant a tree"]),
        ("straße", ["STRASSE"]),
        ("ＰＬＡＮＴ", ["Plant a tree"]),
        ("%", ["100% sure"]),
        ("0%", ["100% sure"]),
        ("_", ["snake_case"]),
        ("e_c", ["snake_case"]),
        ("\\", ["back\\slash"]),
        ("k\\s", ["back\\slash"]),
        ("a t", ["Plant a tree", "STRASSE"]),
        ("deep in the notes", ["x"]),
        ("'", ["it's"]),
        ('"', []),
        ("😀", ["smile 😀"]),
        ("a%e", []),
    ],
)
def test_todos_are_filtered_by_text(add, found, text, contents):
    for content in (
        "好好学习",
        "学",
        "Plant a tree",
        "STRASSE",
        "100% sure",
        "snake_case",
        "back\\slash",
        "it's",
        "smile 😀",
    ):
        add(content)
    add("x", notes="Deep in the Notes")
    assert found(search=text) == sorted(contents)


def test_filters_are_combined_with_and(add, found, owner, todo_list):
    add("one tree", priority=1)
    add("two trees", priority=2)
    finish_todo(actor=owner, todo=add("old tree", priority=1), now=NOW)
    query = {"search": "tree", "priority": 1, "state": "open", "list": todo_list.pk}
    assert found(**query) == ["one tree"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("list", "17"),
        ("list", "{01997f3a-6c2e-7d41-9a53-1f0c8e5b7a10}"),
        ("list", "01997f3a6c2e7d419a531f0c8e5b7a10"),
        ("state", "odd"),
        ("label", "x"),
        ("assignee", "ME"),
        ("assignee", "null"),
        ("labels_any", "x"),
        ("labels_any", UNKNOWN + ","),
        ("labels_any", UNKNOWN + ", " + UNKNOWN),
        ("labels_all", ",".join([UNKNOWN] * 11)),
        ("due", "today"),
        ("parent", "null"),
        ("priority", "4"),
        ("priority", "high"),
        ("priority", "01"),
        ("due_from", "today"),
        ("due_from", "2026-02-30"),
        ("due_to", "20260301"),
        ("due_to", "1899-12-31"),
        ("due_to", "2026-03-01T00:00:00Z"),
        ("created_from", "2026-03-01"),
        ("created_from", "2026-03-01T12:00:00"),
        ("created_to", "2026-03-01T24:00:00Z"),
        ("created_to", "2026-13-01T12:00:00Z"),
        ("overdue_at", "now"),
        ("overdue_at", "3000-01-01T00:00:00Z"),
        ("overdue_at", "2026-03-01T12:00:00 08:00"),
        ("search", "x" * 201),
        ("search", "   "),
    ],
)
def test_a_wrong_value_is_400_and_names_the_parameter(owner_api, name, value):
    answer = owner_api.get(f"{TODOS}?{name}={quote(value)}")
    assert_problem(answer, 400, "invalid", name)


@pytest.mark.parametrize(
    "name",
    [
        "list", "state", "label", "labels_any", "labels_all", "assignee", "parent",
        "priority", "due", "due_from", "due_to", "created_from", "created_to",
        "overdue_at", "search",
    ],
)  # fmt: skip
def test_a_parameter_without_a_value_is_400(owner_api, name):
    assert_problem(owner_api.get(f"{TODOS}?{name}="), 400, "invalid", name)


def test_an_id_of_another_person_finds_nothing_like_an_unknown_one(
    outsider_api, owner, editor, add, todo_list
):
    label = add_label(actor=owner, todo_list=todo_list, name="urgent", now=NOW)
    parent = add("parent", labels=[label])
    add("part", parent=parent, assignee=editor)
    for name, pk in (
        ("list", todo_list.pk),
        ("label", label.pk),
        ("assignee", editor.pk),
        ("parent", parent.pk),
    ):
        foreign = outsider_api.get(f"{TODOS}?count=true&{name}={pk}")
        unknown = outsider_api.get(f"{TODOS}?count=true&{name}={UNKNOWN}")
        assert foreign.status_code == unknown.status_code == 200
        assert foreign.json() == unknown.json()
        assert foreign.json()["count"] == 0


def test_every_member_finds_a_shared_row(viewer_api, add, todo_list):
    add("for all")
    page = viewer_api.get(f"{TODOS}?list={todo_list.pk}&search=all").json()
    assert [todo["content"] for todo in page["results"]] == ["for all"]


def test_the_trash_of_other_people_is_hidden(outsider_api, add, owner):
    trash_todo(actor=owner, todo=add("gone"), now=datetime.now(UTC))
    assert outsider_api.get(f"{TODOS}?state=trashed").json()["results"] == []


def test_lists_are_filtered_by_state(owner, owner_api, todo_list):
    address = f"/api/v1/lists/{todo_list.pk}"

    def names(state):
        page = owner_api.get(f"/api/v1/lists?state={state}").json()
        return [row["name"] for row in page["results"]]

    assert names("active") == ["Inbox", "Garden"]
    owner_api.patch(address, {"is_archived": True})
    assert names("archived") == ["Garden"]
    owner_api.delete(address)
    assert names("trashed") == ["Garden"]
    assert names("active") == ["Inbox"]


def test_events_are_filtered_by_subject_actor_and_time(administrator_api, owner, todo):
    def verbs(query):
        page = administrator_api.get(f"/api/v1/events?{query}").json()
        return [event["verb"] for event in page["results"]]

    assert verbs(f"resource_type=todo&resource_id={todo.pk}") == ["todo.created"]
    assert "todo.created" in verbs(f"actor_id={owner.pk}&page_size=200")
    assert verbs("verb=todo.created&source=system") == ["todo.created"]
    assert verbs("verb=todo.created&source=api") == []
    assert verbs("verb=todo.created&at_from=2026-03-01T12:00:00Z") == ["todo.created"]
    assert verbs("verb=todo.created&at_to=2026-03-01T11:59:59Z") == []
    answer = administrator_api.get("/api/v1/events?source=elsewhere")
    assert_problem(answer, 400, "invalid", "source")
