"""Use the client that openapi-python-client generates; arguments: URL and KEY."""

from __future__ import annotations

import sys
from datetime import date

from generated_client import AuthenticatedClient
from generated_client.api.events import events_list
from generated_client.api.todos import (
    todos_create,
    todos_destroy,
    todos_finish,
    todos_list,
    todos_partial_update,
)
from generated_client.models import (
    PatchedTodoChangeRequest,
    TodoRequest,
    TodosListState,
)

url, key = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True)

body = TodoRequest(content="Dig", due_on=date(2027, 3, 1))
made = todos_create.sync(client=client, body=body)
assert (made.content, made.due_on) == ("Dig", date(2027, 3, 1)), made

found = todos_list.sync(client=client, state=TodosListState.OPEN, assignee="none")
assert [row.id for row in found.results] == [made.id]
assert todos_list.sync(client=client, assignee="me").results == []

change = PatchedTodoChangeRequest(notes="Deep", due_on=None)
changed = todos_partial_update.sync(made.id, client=client, body=change)
assert (changed.content, changed.notes) == ("Dig", "Deep"), changed
assert changed.due_on is None, changed

assert todos_finish.sync(made.id, client=client).is_finished
found = todos_list.sync(client=client, state=TodosListState.FINISHED)
assert [row.id for row in found.results] == [made.id]

assert todos_destroy.sync_detailed(made.id, client=client).status_code == 204
assert todos_list.sync(client=client).results == []
trashed = todos_list.sync(client=client, state=TodosListState.TRASHED)
assert [row.id for row in trashed.results] == [made.id]

events = events_list.sync(client=client, resource_id=str(made.id)).results
verbs = [event.verb for event in events]
assert verbs == ["todo.trashed", "todo.finished", "todo.changed", "todo.created"]
assert events[2].changes.to_dict() == {
    "due_on": ["2027-03-01", None],
    "notes": ["", "Deep"],
}, events[2]
