"""PostgreSQL as it is set up for production: the stack starts it with its defaults."""

from __future__ import annotations

from benchmarks.postgresql import connected
from tests.live.stack import Stack
from tests.live.waiting import wait_until

SETTINGS = {
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "max_connections": "400",  # of all services that are measured
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
}


def production_like(stack: Stack) -> None:
    """Apply the settings; commits stay safe against a loss of power."""
    with connected(stack.places.postgresql) as connection:
        for name, value in SETTINGS.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    stack.supervisor("restart", "postgresql")
    wait_until(stack.is_ready, what="the service uses the restarted PostgreSQL")
