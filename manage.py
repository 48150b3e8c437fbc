#!/usr/bin/env python
"""Run a management command of the todo service."""

from __future__ import annotations

from todo_project.cli import main

if __name__ == "__main__":
    main()
