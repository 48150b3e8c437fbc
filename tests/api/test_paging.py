"""Pages by cursor and by number, in both directions, during writes."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.services.keys import issue_key
from tests.conftest import NOW, api_for
from tests.problems import assert_problem
from todos.services.lists import add_list
from todos.services.todos import add_todo, finish_todo
from todos.services.trash import trash_todo

TODOS = "/api/v1/todos"
bounded = settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def todos(owner, todo_list):
    """Return 25 todos over two lists, some at one moment, some finished."""
    shed = add_list(actor=owner, name="Shed", now=NOW)
    made = []
    for number in range(25):
        at = NOW + timedelta(minutes=number // 3)
        where = shed if number % 2 else todo_list
        made.append(
            add_todo(
                actor=owner,
                todo_list=where,
                content=f"todo {number}",
                now=at,
                priority=number % 4,
            )
        )
    for todo in made[::5]:
        finish_todo(actor=owner, todo=todo, now=NOW)
    return made


def walk(api, address, way="next"):
    """Return the ids of all pages in this direction, page by page."""
    pages = []
    while address:
        page = api.get(address)
        assert page.status_code == 200, page.content
        pages.append([row["id"] for row in page.json()["results"]])
        address = page.json()[way]
    return pages


def flat(pages):
    return [pk for page in pages for pk in page]


def test_the_first_page_has_the_ten_newest(owner_api, todos):
    page = owner_api.get(TODOS).json()
    newest = sorted(todos, key=lambda todo: (todo.created_at, todo.pk), reverse=True)
    assert [row["id"] for row in page["results"]] == [str(t.pk) for t in newest[:10]]
    assert page["previous"] is None
    assert "count" not in page


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize("column", ["created_at", "due", "rank", "priority"])
def test_cursors_visit_every_row_once_forwards_and_backwards(
    owner_api, todos, column, way
):
    ordering = way + column
    forward = walk(owner_api, f"{TODOS}?page_size=4&ordering={ordering}")
    assert [len(page) for page in forward] == [4, 4, 4, 4, 4, 4, 1]
    assert sorted(flat(forward)) == sorted(str(todo.pk) for todo in todos)
    last = f"{TODOS}?page_size=4&ordering={ordering}"
    while following := owner_api.get(last).json()["next"]:
        last = following
    backward = walk(owner_api, last, "previous")
    assert backward == forward[::-1]


def test_descending_order_is_the_reverse_of_ascending(owner_api, todos):
    for order in ("created_at", "due", "rank", "priority"):
        up = flat(walk(owner_api, f"{TODOS}?page_size=7&ordering={order}"))
        down = flat(walk(owner_api, f"{TODOS}?page_size=7&ordering=-{order}"))
        assert down == up[::-1]


def test_pages_by_number_match_pages_by_cursor(owner_api, todos):
    by_number = walk(owner_api, f"{TODOS}?page_size=4&page=1")
    assert by_number == walk(owner_api, f"{TODOS}?page_size=4")
    assert walk(owner_api, f"{TODOS}?page_size=4&page=7", "previous") == by_number[::-1]
    assert owner_api.get(f"{TODOS}?page=1000000").json() == {
        "results": [],
        "next": None,
        "previous": "http://testserver/api/v1/todos?page=999999",
    }


def test_every_collection_has_pages(owner, owner_api, todos, administrator_api):
    for number in range(3):
        issue_key(actor=owner, user=owner, name=f"k{number}", now=NOW)
    for api, path in (
        (owner_api, "lists"),
        (owner_api, "me/keys"),
        (owner_api, "users"),
        (owner_api, f"todos/{todos[0].pk}/history"),
        (owner_api, f"lists/{todos[0].list_id}/members"),
        (administrator_api, "events"),
        (administrator_api, "roles"),
        (administrator_api, "permissions"),
    ):
        whole = flat(walk(api, f"/api/v1/{path}?page_size=200"))
        assert len(whole) > 1
        assert flat(walk(api, f"/api/v1/{path}?page_size=1")) == whole


def test_rows_added_meanwhile_neither_repeat_nor_hide_others(owner, owner_api, todos):
    first = owner_api.get(f"{TODOS}?page_size=10").json()
    for number in range(5):
        later = NOW + timedelta(days=1, minutes=number)
        add_todo(actor=owner, content="later", now=later)
    rest = flat(walk(owner_api, first["next"]))
    seen = [row["id"] for row in first["results"]] + rest
    assert len(seen) == len(set(seen))
    assert sorted(seen) == sorted(str(todo.pk) for todo in todos)


def test_rows_deleted_meanwhile_hide_no_others(owner, owner_api, todos):
    first = owner_api.get(f"{TODOS}?page_size=10").json()
    shown = [row["id"] for row in first["results"]]
    # Delete the row of the cursor too: a cursor is a position.
    for todo in todos:
        if str(todo.pk) in shown[-3:]:
            trash_todo(actor=owner, todo=todo, now=NOW)
    rest = flat(walk(owner_api, first["next"]))
    assert sorted(shown + rest) == sorted(str(todo.pk) for todo in todos)


def test_the_total_is_counted_on_request(owner_api, todos):
    assert owner_api.get(f"{TODOS}?count=true").json()["count"] == 25
    assert owner_api.get(f"{TODOS}?count=true&state=open").json()["count"] == 20
    assert "count" not in owner_api.get(f"{TODOS}?count=false").json()
    following = owner_api.get(f"{TODOS}?count=true").json()["next"]
    assert owner_api.get(following).json()["count"] == 25


@pytest.mark.parametrize("size", ["1", "200"])
def test_pages_have_the_requested_size(owner_api, todos, size):
    page = owner_api.get(f"{TODOS}?page_size={size}").json()
    assert len(page["results"]) == min(int(size), 25)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page_size", "0"),
        ("page_size", "201"),
        ("page_size", "-1"),
        ("page_size", "1.5"),
        ("page_size", "٣"),
        ("page_size", ""),
        ("page", "0"),
        ("page", "1000001"),
        ("page", "0000000000000000001999999999999"),
        ("page", "x"),
        ("ordering", "content"),
        ("ordering", "list__name"),
        ("ordering", "-"),
        ("ordering", "deleted_at"),
        ("ordering", ""),
        ("count", "yes"),
        ("count", "TRUE"),
        ("cursor", ""),
        ("cursor", "nonsense"),
        ("cursor", "WyJhIl0:1:abc"),
    ],
)
def test_a_wrong_value_is_400(owner_api, name, value):
    answer = owner_api.get(f"{TODOS}?{name}={value}")
    assert_problem(answer, 400, "invalid", name)


def test_a_cursor_together_with_a_page_is_refused(owner_api, todos):
    following = owner_api.get(f"{TODOS}?page_size=4").json()["next"]
    assert_problem(owner_api.get(f"{following}&page=2"), 400, "invalid", "cursor")


def cursor_of(address):
    return parse_qs(urlsplit(address).query)["cursor"][0]


def test_a_cursor_of_another_query_is_refused(owner_api, todos):
    cursor = cursor_of(owner_api.get(f"{TODOS}?page_size=4").json()["next"])
    for query in ("ordering=rank", "state=open", "search=todo"):
        answer = owner_api.get(f"{TODOS}?{query}&cursor={cursor}")
        assert_problem(answer, 400, "invalid", "cursor")
    answer = owner_api.get(f"/api/v1/lists?cursor={cursor}")
    assert_problem(answer, 400, "invalid", "cursor")
    assert owner_api.get(f"{TODOS}?page_size=9&cursor={cursor}").status_code == 200


def test_a_cursor_of_another_person_shows_only_own_rows(
    owner_api, outsider, outsider_api, todos
):
    add_todo(actor=outsider, content="own", now=NOW - timedelta(days=1))
    cursor = cursor_of(owner_api.get(f"{TODOS}?page_size=4").json()["next"])
    page = outsider_api.get(f"{TODOS}?page_size=4&cursor={cursor}").json()
    assert [row["content"] for row in page["results"]] == ["own"]


def test_a_forged_cursor_is_400(owner_api, todos):
    for content in ([False, "x", "y"], "x", None):
        made_up = signing.dumps(content, salt="cursor:made up")
        answer = owner_api.get(f"{TODOS}?cursor={made_up}")
        assert_problem(answer, 400, "invalid", "cursor")


@bounded
@given(data=st.data())
def test_a_modified_cursor_is_400(owner_api, todos, data):
    cursor = cursor_of(owner_api.get(f"{TODOS}?page_size=4").json()["next"])
    place = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from("abcXYZ019-_:"))
    if letter != cursor[place]:
        changed = cursor[:place] + letter + cursor[place + 1 :]
        answer = owner_api.get(f"{TODOS}?page_size=4&cursor={changed}")
        # Two bits of the last letter of a signature are unused.
        allowed = {200, 400} if place == len(cursor) - 1 else {400}
        assert answer.status_code in allowed


@bounded
@given(
    order=st.sampled_from(["-created_at", "created_at", "due", "-priority", "rank"]),
    size=st.integers(1, 30),
    state=st.sampled_from(["", "open", "finished"]),
)
def test_pages_of_any_size_and_order_add_up_to_all_rows(
    owner_api, todos, order, size, state
):
    query = f"ordering={order}" + (f"&state={state}" if state else "")
    whole = owner_api.get(f"{TODOS}?page_size=200&{query}").json()["results"]
    pages = walk(owner_api, f"{TODOS}?page_size={size}&{query}")
    assert flat(pages) == [row["id"] for row in whole]


def test_the_trash_has_its_own_orders(owner, owner_api, todos):
    for number, todo in enumerate(todos[:5]):
        trash_todo(actor=owner, todo=todo, now=NOW + timedelta(hours=number))
    latest = flat(walk(owner_api, f"{TODOS}?state=trashed&page_size=2"))
    assert latest == [str(todo.pk) for todo in todos[:5][::-1]]
    oldest = walk(owner_api, f"{TODOS}?state=trashed&ordering=deleted_at")
    assert flat(oldest) == latest[::-1]
    answer = owner_api.get(f"{TODOS}?state=trashed&ordering=due")
    assert_problem(answer, 400, "invalid", "ordering")


def test_links_keep_the_whole_query(owner, todos):
    api = api_for(owner)
    following = api.get(f"{TODOS}?page_size=4&state=open&search=todo").json()["next"]
    query = parse_qs(urlsplit(following).query)
    assert query["state"] == ["open"]
    assert query["search"] == ["todo"]
    assert query["page_size"] == ["4"]
