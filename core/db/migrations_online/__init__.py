"""Migration operations that change a table while the service uses it.

A statement that waits for a table lock blocks every later statement on the table. So
these operations wait briefly and retry, and their long steps take no lock that blocks
reads or writes. They belong in separate, non-atomic migrations.
"""

from __future__ import annotations

from core.db.migrations_online.lock_retry import (
    LOCK_WAIT,
    StillLocked,
    lock_waits,
    retry_while_locked,
)
from core.db.migrations_online.operations import (
    AddCheck,
    AddStatistics,
    Backfill,
    BuildIndex,
    Refold,
)

__all__ = [
    "LOCK_WAIT",
    "AddCheck",
    "AddStatistics",
    "Backfill",
    "BuildIndex",
    "Refold",
    "StillLocked",
    "lock_waits",
    "retry_while_locked",
]
