"""The four calls that every tutorial begins with."""

from __future__ import annotations

from tests.problems import assert_problem

FORM = "application/x-www-form-urlencoded"


def test_a_todo_is_added_listed_finished_and_deleted(owner_api):
    added = owner_api.post("/api/v1/todos", "content=好好学习", content_type=FORM)
    assert added.status_code == 201
    address = f"/api/v1/todos/{added.json()['id']}"
    assert added["Location"].endswith(address)

    listed = owner_api.get("/api/v1/todos")
    assert [todo["content"] for todo in listed.json()["results"]] == ["好好学习"]

    finished = owner_api.put(f"{address}/finish")
    assert finished.status_code == 200
    assert finished.json()["is_finished"] is True
    assert owner_api.put(f"{address}/finish").json() == finished.json()

    assert owner_api.delete(address).status_code == 204
    assert_problem(owner_api.get(address), 404, "not_found")
    assert_problem(owner_api.delete(address), 404, "not_found")


def test_empty_content_is_refused(owner_api):
    for content in ("", "   "):
        answer = owner_api.post("/api/v1/todos", {"content": content})
        assert_problem(answer, 400, "invalid", "content")
    assert owner_api.get("/api/v1/todos").json()["results"] == []
