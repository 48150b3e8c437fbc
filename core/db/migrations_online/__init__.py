"""Migration operations that change a table while the service uses it.

A statement that waits for the lock of a table blocks every later statement on it. So
these operations wait briefly and retry, and their long steps take no lock that blocks
reads or writes. They belong in migrations of their own, which are not atomic.
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
