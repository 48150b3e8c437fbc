"""The history of a todo: its events in the lists that the person sees."""

from __future__ import annotations

from tests.conftest import NOW
from tests.todos.helpers import put
from todos.services.todos import edit_todo


def test_history_is_shown_to_everyone_who_sees_the_todo(viewer_api, outsider_api, todo):
    address = f"/api/v1/todos/{todo.pk}/history"
    (event,) = viewer_api.get(address).json()["results"]
    assert event["changes"]["content"] == [None, "Plant a tree"]
    assert outsider_api.get(address).status_code == 404


def test_history_leaves_out_events_of_lists_the_user_cannot_see(
    owner, viewer_api, todo_list
):
    todo = put(owner, None, "canary")
    edit_todo(actor=owner, todo=todo, todo_list=todo_list, content="plain", now=NOW)
    answer = viewer_api.get(f"/api/v1/todos/{todo.pk}/history")
    events = answer.json()["results"]
    assert [event["verb"] for event in events] == ["todo.moved_in"]
    assert "canary" not in answer.content.decode()
