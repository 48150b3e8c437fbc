"""Backup archives: write all data of an installation to one file, and restore it."""

from __future__ import annotations

from todo_project.archive.container import BadArchive
from todo_project.archive.manifest import Head
from todo_project.archive.reader import Archive
from todo_project.archive.restore import restore_archive
from todo_project.archive.tables import later_migrations
from todo_project.archive.writer import write_archive

__all__ = [
    "Archive",
    "BadArchive",
    "Head",
    "later_migrations",
    "restore_archive",
    "write_archive",
]
