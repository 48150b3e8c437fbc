"""The service, or a copy with a fault that the checker has to find."""

from __future__ import annotations

import os
from collections.abc import Collection
from uuid import UUID

from todo_project.wsgi import application  # isort: skip  (loads the models)
from core import freshness
from todo_project import site
from todo_project.front import state, tokens

__all__ = ["application"]


def forget(ids: Collection[UUID]) -> None:
    """Do not replace the tokens of what has changed."""


def leave_suspended() -> None:
    """Do not tell readers that tokens cannot be replaced."""


match os.environ["FAULT"]:
    case "tokens are not replaced":
        freshness._subscribers[:] = [forget]
    case "tokens are not suspended":
        tokens.suspend = leave_suspended
    case "pages depend on nothing":
        vars(site)["page_facts"] = lambda _user: "nothing"
    case "tokens are valid for ever":
        vars(state)["VALIDITY"] = 3600
        freshness._subscribers[:] = [forget]
