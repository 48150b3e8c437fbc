"""One deployment for all tests of this folder, healthy before each test."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.nginx import Nginx
from tests.live.stack import Stack


def pytest_configure(config: pytest.Config) -> None:
    # As Ctrl-C does, TERM lets the fixtures stop what they started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=12, help="How many kills.")
    parser.addoption("--rows", type=int, default=50_000, help="How many are migrated.")
    parser.addoption("--seed", type=int, help="Which kills; the last run told its own.")


@pytest.fixture(scope="session")
def started_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with Stack() as stack:
        yield stack
        if request.session.testsfailed:
            sys.stderr.write(f"\nThe logs of the stack: {stack.keep_logs()}\n")


@pytest.fixture
def stack(started_stack: Stack) -> Stack:
    """The running stack, whatever the test before did to it."""
    started_stack.wait_ready()
    return started_stack


@pytest.fixture(scope="session")
def key(started_stack: Stack) -> Any:
    """An API key of a person of these tests."""
    started_stack.add_user("olga", "correct horse battery staple")
    return started_stack.new_key("olga")


@pytest.fixture(scope="session")
def nginx() -> Iterator[Nginx]:
    """nginx with the shipped configuration, in front of an app that echoes requests."""
    with Nginx() as running:
        yield running
