"""The launcher of the live tests, of script/stack and of the benchmarks."""

from __future__ import annotations

from tests.live.stack.stack import Client, Stack

__all__ = ["Client", "Stack"]
