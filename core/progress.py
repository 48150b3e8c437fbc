"""Progress of long commands: a bar in a terminal, otherwise occasional lines."""

from __future__ import annotations

import time
from typing import Any, Self

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10


class Progress:
    """Counts and shows completed items; `total` is None if it is unknown."""

    def __init__(
        self, what: str, total: int | None, *, stream: Any, quiet: bool = False
    ) -> None:
        self.what, self.total, self.stream = what, total, stream
        self.done = 0
        self.quiet = quiet
        self._bar: tqdm[Any] | None = None
        self._said_at = time.monotonic()

    def __enter__(self) -> Self:
        if not self.quiet and self.stream.isatty():
            self._bar = tqdm(
                total=self.total, desc=self.what, file=self.stream, dynamic_ncols=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, count: int) -> None:
        self.done += count
        if self._bar is not None:
            self._bar.update(count)
        elif time.monotonic() - self._said_at >= SECONDS_BETWEEN_LINES:
            self._say()

    def _say(self) -> None:
        self._said_at = time.monotonic()
        if not self.quiet:
            of = "" if self.total is None else f" of {self.total:,}"
            self.stream.write(f"{self.what}: {self.done:,}{of}\n")
            self.stream.flush()
