"""The settings of the service, with the sample app installed."""

from __future__ import annotations

from todo_project.settings import *  # noqa: F403
from todo_project.settings import INSTALLED_APPS as OTHERS

INSTALLED_APPS = [*OTHERS, "tests.sample_app.apps.BookmarksConfig"]
