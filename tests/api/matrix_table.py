"""The access matrix of the API: which person gets which status from each endpoint.

Read a row as: this person, asking for this object, gets this status.

- own: any user, an object of a list that only they see (or their own key, themselves,
  an event of that list)
- owner, editor, viewer: that member of the shared list, an object of it
- outsider, manager, administrator, auditor: people of these roles who are not members,
  an object of the shared list; the same for one of the foreign list
- roleless: an editor of the shared list who lost their role
- trashed: the owner, an object of the shared list that is in the trash, or part of a
  trashed one

Not in the table because they hold for every row: without sign-in, with a revoked key
or for a disabled person it is 401; a key that lacks the scope gets 403; what does not
exist gets the same response as a foreign object.

Endpoints are below /api/v1/ unless they begin with a slash. Apps add rows in their own
modules: see tests/matrix_parts.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.matrix_parts import PARTS

NEVER = "-"
# Endpoints that take the object from the body of the request.
NAMED_IN_BODY = {"POST todos", "POST todos/bulk", "POST labels"}
TABLE = """
method endpoint                      scope    own | owner editor viewer | outsider manager administrator auditor roleless | trashed
GET    me                            profile  200 | 200   200    200    | 200      200     200           200     200      | -
GET    schema                        profile  200 | 200   200    200    | 200      200     200           200     200      | -
GET    docs                          profile  200 | 200   200    200    | 200      200     200           200     200      | -
PATCH  me                            profile  200 | 200   200    200    | 200      200     200           200     200      | -
PUT    me/avatar                     profile  200 | 200   200    200    | 200      200     200           200     200      | -
DELETE me/avatar                     profile  200 | 200   200    200    | 200      200     200           200     200      | -
GET    me/keys                       keys     200 | 200   200    200    | 200      200     200           403     403      | -
POST   me/keys                       keys     201 | 201   201    201    | 201      201     201           403     403      | -
GET    me/keys/{key}                 keys     200 | 404   404    404    | 404      404     404           403     403      | -
PATCH  me/keys/{key}                 keys     200 | 404   404    404    | 404      404     404           403     403      | -
DELETE me/keys/{key}                 keys     204 | 404   404    404    | 404      404     404           403     403      | -
GET    users                         users    200 | 200   200    200    | 200      200     200           200     403      | -
GET    users/{user}                  users    200 | 200   200    200    | 404      200     200           404     403      | -
GET    roles                         roles    403 | 403   403    403    | 403      200     200           200     403      | -
GET    roles/{role}                  roles    403 | 403   403    403    | 403      200     200           200     403      | -
GET    permissions                   roles    403 | 403   403    403    | 403      200     200           200     403      | -
GET    events                        events   403 | 403   403    403    | 403      403     200           200     403      | -
GET    events/{event}                events   403 | 403   403    403    | 403      403     200           200     403      | -
GET    lists                         lists    200 | 200   200    200    | 200      200     200           403     403      | -
POST   lists                         lists    201 | 201   201    201    | 201      201     201           403     403      | -
GET    lists/{list}                  lists    200 | 200   200    200    | 404      404     404           403     403      | 404
PATCH  lists/{list}                  lists    200 | 200   403    403    | 404      404     404           403     403      | 404
DELETE lists/{list}                  lists    204 | 204   403    403    | 404      404     404           403     403      | 404
POST   lists/{list}/restore          lists    200 | 200   404    404    | 404      404     404           403     403      | 200
GET    lists/{list}/members          members  200 | 200   200    200    | 404      404     404           403     403      | 404
POST   lists/{list}/members          members  201 | 201   403    403    | 404      404     404           403     403      | 404
GET    lists/{list}/members/{member} members  200 | 200   200    200    | 404      404     404           403     403      | 404
PATCH  lists/{list}/members/{member} members  409 | 200   403    403    | 404      404     404           403     403      | 404
DELETE lists/{list}/members/{member} members  409 | 204   403    403    | 404      404     404           403     403      | 404
GET    labels                        labels   200 | 200   200    200    | 200      200     200           403     403      | -
POST   labels                        labels   201 | 201   201    403    | 400      400     400           403     403      | 400
GET    labels/{label}                labels   200 | 200   200    200    | 404      404     404           403     403      | 404
PATCH  labels/{label}                labels   200 | 200   200    403    | 404      404     404           403     403      | 404
DELETE labels/{label}                labels   204 | 204   204    403    | 404      404     404           403     403      | 404
GET    todos                         todos    200 | 200   200    200    | 200      200     200           403     403      | -
POST   todos                         todos    201 | 201   201    403    | 400      400     400           403     403      | 400
POST   todos/bulk                    todos    201 | 201   201    403    | 400      400     400           403     403      | 400
GET    todos/{todo}                  todos    200 | 200   200    200    | 404      404     404           403     403      | 404
PUT    todos/{todo}                  todos    200 | 200   200    403    | 404      404     404           403     403      | 404
PATCH  todos/{todo}                  todos    200 | 200   200    403    | 404      404     404           403     403      | 404
DELETE todos/{todo}                  todos    204 | 204   204    403    | 404      404     404           403     403      | 404
PUT    todos/{todo}/finish           todos    200 | 200   200    403    | 404      404     404           403     403      | 404
DELETE todos/{todo}/finish           todos    200 | 200   200    403    | 404      404     404           403     403      | 404
PUT    todos/{todo}/position         todos    200 | 200   200    403    | 404      404     404           403     403      | 404
POST   todos/{todo}/restore          todos    200 | 200   200    403    | 404      404     404           403     403      | 200
DELETE todos/{todo}/purge            todos    409 | 409   403    403    | 404      404     404           403     403      | 204
GET    todos/{todo}/history          todos    200 | 200   200    200    | 404      404     404           403     403      | 404
GET    todos/{todo}/comments         comments 200 | 200   200    200    | 404      404     404           403     403      | 404
POST   todos/{todo}/comments         comments 201 | 201   201    403    | 404      404     404           403     403      | 404
GET    todos/{todo}/comments/{comment} comments 200 | 200 200    200    | 404      404     404           403     403      | 404
PATCH  todos/{todo}/comments/{comment} comments 200 | 403 200    403    | 404      404     404           403     403      | 404
DELETE todos/{todo}/comments/{comment} comments 204 | 204 204    403    | 404      404     404           403     403      | 404
GET    todos/{todo}/attachments      attachments 200 | 200 200   200    | 404      404     404           403     403      | 404
POST   todos/{todo}/attachments      attachments 201 | 201 201   403    | 404      404     404           403     403      | 404
GET    todos/{todo}/attachments/{attachment} attachments 200 | 200 200 200 | 404  404     404           403     403      | 404
PATCH  todos/{todo}/attachments/{attachment} attachments 200 | 200 200 403 | 404  404     404           403     403      | 404
DELETE todos/{todo}/attachments/{attachment} attachments 204 | 204 204 403 | 404  404     404           403     403      | 404
GET    todos/{todo}/attachments/{attachment}/content attachments 200 | 200 200 200 | 404 404 404        403     403      | 404
POST   todos/{todo}/comments/{comment}/attachments attachments 201 | 403 201 403 | 404 404 404          403     403      | 404
"""  # noqa: E501  (a table is read along its lines)

# What people may read of a tenant that they do not belong to. Managers see its people;
# auditors see events about people and keys. Others see nothing, and no one sees lists
# and todos.
PEOPLE = frozenset({"username", "display name"})
ACCOUNTS = PEOPLE | {"email", "key name", "request id"}
MAY_READ = {
    ("manager", "users"): PEOPLE,
    ("manager", "users/{user}"): PEOPLE,
    ("administrator", "users"): PEOPLE,
    ("administrator", "users/{user}"): PEOPLE,
    ("administrator", "events"): ACCOUNTS,
    ("administrator", "events/{event}"): ACCOUNTS,
    ("auditor", "events"): ACCOUNTS,
    ("auditor", "events/{event}"): ACCOUNTS,
}


@dataclass(frozen=True)
class Row:
    """The status of one method of one endpoint, by person."""

    method: str
    endpoint: str
    scope: str
    statuses: dict[str, int]

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"

    @property
    def path(self) -> str:
        """Return the address, with the names of its parameters in braces."""
        return path_of(self.endpoint)

    @property
    def writes(self) -> bool:
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    @property
    def names_object(self) -> bool:
        """Return whether the address, or the body of the request, names an object."""
        return "{" in self.endpoint or str(self) in NAMED_IN_BODY


def path_of(endpoint: str) -> str:
    return endpoint if endpoint.startswith("/") else f"/api/v1/{endpoint}"


def read_table(table: str) -> Iterator[Row]:
    """Yield the rows of a table."""
    head, *lines = table.strip().splitlines()
    _method, _endpoint, _scope, *columns = head.replace("|", " ").split()
    for line in lines:
        method, endpoint, scope, *cells = line.replace("|", " ").split()
        statuses = {
            column: int(cell)
            for column, cell in zip(columns, cells, strict=True)
            if cell != NEVER
        }
        yield Row(method, endpoint, scope, statuses)


ROWS = {
    (row.method, row.endpoint): row
    for table in (TABLE, *(part.TABLE for part in PARTS))
    for row in read_table(table)
}
