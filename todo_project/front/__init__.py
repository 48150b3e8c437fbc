"""Answers repeated reads before Django runs: see `todo_project.front.wsgi`."""
