"""Rows of the access matrix: who gets which response for bookmarks."""

from __future__ import annotations

from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from tests.sample_app.services import add_bookmark

TABLE = """
method endpoint             scope     own | owner editor viewer | outsider manager administrator auditor roleless | trashed
GET    bookmarks            bookmarks 200 | 200   200    200    | 200      200     200           403     403      | -
POST   bookmarks            bookmarks 201 | 201   201    201    | 201      201     201           403     403      | -
GET    bookmarks/{bookmark} bookmarks 200 | 200   404    404    | 404      404     404           403     403      | -
PATCH  bookmarks/{bookmark} bookmarks 200 | 200   404    404    | 404      404     404           403     403      | -
DELETE bookmarks/{bookmark} bookmarks 204 | 204   404    404    | 404      404     404           403     403      | -
POST   /drop/pages          bookmarks 201 | 201   201    201    | 201      201     201           403     403      | -
"""  # noqa: E501  (a table is read along its lines)
SINGULAR = {"bookmarks": "bookmark"}
BODIES = {
    "POST bookmarks": {"title": "New"},
    "PATCH bookmarks/{bookmark}": {"title": "Renamed"},
    "POST /drop/pages": "<title>Dropped</title>",
}


def rows_of(user: User, text: str) -> dict[str, Model]:
    """Create a row of each kind for the user, with the text in every visible field."""
    url = f"https://example.com/{text}"
    row = add_bookmark(actor=user, title=text, url=url, now=timezone.now())
    return {"bookmark": row}
