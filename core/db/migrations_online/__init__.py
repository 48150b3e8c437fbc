"""How a migration changes a table that has rows, while everybody goes on using it.

A statement that waits for the lock of a table holds up all who come behind it. So such
a wait is short, and what it was for is tried again; what takes its time takes no lock
that is in anybody's way. The operations stand in migrations of their own, which are not
atomic.
"""

from __future__ import annotations

from core.db.migrations_online.lock_retry import (
    LOCK_WAIT,
    StillLocked,
    lock_waits,
    retry_while_locked,
)
from core.db.migrations_online.operations import AddCheck, Backfill, BuildIndex

__all__ = [
    "LOCK_WAIT",
    "AddCheck",
    "Backfill",
    "BuildIndex",
    "StillLocked",
    "lock_waits",
    "retry_while_locked",
]
