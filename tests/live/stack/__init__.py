"""The launcher of the live tests, of script/stack and of the benchmarks."""

from __future__ import annotations

from tests.live.stack.client import Client
from tests.live.stack.stack import Stack

__all__ = ["Client", "Stack"]
