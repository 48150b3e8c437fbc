"""Use the Python client that openapi-generator generates; arguments: URL and KEY."""

from __future__ import annotations

import sys
from datetime import date

from generated_client import (
    ApiClient,
    Configuration,
    EventsApi,
    PatchedTodoChangeRequest,
    TodoRequest,
    TodosApi,
)

url, key = sys.argv[1:]
with ApiClient(Configuration(host=url, access_token=key)) as client:
    todos = TodosApi(client)
    made = todos.todos_create(TodoRequest(content="Dig", due_on=date(2027, 3, 1)))
    assert (made.content, made.due_on) == ("Dig", date(2027, 3, 1)), made

    found = todos.todos_list(state="open", assignee="none").results
    assert [row.id for row in found] == [made.id]
    assert todos.todos_list(assignee="me").results == []

    change = PatchedTodoChangeRequest(notes="Deep", due_on=None)
    changed = todos.todos_partial_update(made.id, patched_todo_change_request=change)
    assert (changed.content, changed.notes) == ("Dig", "Deep"), changed
    assert changed.due_on is None, changed

    assert todos.todos_finish(made.id).is_finished
    assert [row.id for row in todos.todos_list(state="finished").results] == [made.id]

    todos.todos_destroy(made.id)
    assert todos.todos_list().results == []
    trashed = todos.todos_list(state="trashed").results
    assert [row.id for row in trashed] == [made.id]

    events = EventsApi(client).events_list(resource_id=str(made.id)).results
    verbs = [event.verb for event in events]
    assert verbs == ["todo.trashed", "todo.finished", "todo.changed", "todo.created"]
    assert events[2].changes == {
        "due_on": ["2027-03-01", None],
        "notes": ["", "Deep"],
    }, events[2]
