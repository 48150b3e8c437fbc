"""Uploads and downloads of files through nginx and their own app server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPResponse
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
import pytest

from tests.live.stack import Client, Stack
from tests.live.transfers import (
    MARKER,
    MEGABYTE,
    PIECE,
    SIZE,
    Content,
    connection_to,
    download,
    half_uploaded,
    unread_download,
    upload,
)
from tests.live.waiting import wait_until

POOL = "web:web-files"
LONGER_THAN_OTHER_REQUESTS = 33  # seconds; harakiri is 30 in deploy/uwsgi.ini
SLOW_DOWNLOADS, SLOW_UPLOADS = 16, 8
GROWTH = 8 * MEGABYTE  # of a process; a file that it holds would be more
ORPHANS = """
from datetime import timedelta
from django.utils import timezone
from files.models import FOLDERS
from files.services import find_orphans, sweep
later = timezone.now() + timedelta(days=2)
for folder in FOLDERS:
    print(*find_orphans(folder, now=later), sep="\\n")
    list(sweep(folder, now=later))
"""


@pytest.fixture
def client(stack: Stack, key: str) -> Iterator[Client]:
    with stack.client(key=key) as client:
        yield client


@pytest.fixture
def attachments(stack: Stack, client: Client) -> Iterator[str]:
    """The URL of a new todo's attachments; nothing of them is left at the end."""
    todo = client.post("/api/v1/todos", json={"content": "With files"}).json()
    url = f"/api/v1/todos/{todo['id']}/attachments"
    yield url
    for each in client.get(f"{url}?page_size=200").json()["results"]:
        assert client.delete(f"{url}/{each['id']}").status_code == 204


@pytest.fixture(scope="module", autouse=True)
def _removed_afterwards(started_stack: Stack) -> Iterator[None]:
    yield
    orphans(started_stack)


@pytest.fixture
def large(client: Client, attachments: str) -> str:
    """The URL of the content of an attachment of 100 MB."""
    made = upload(client, attachments, Content(SIZE))
    assert made.status_code == 201, made.text
    return f"{attachments}/{made.json()['id']}/content"


def orphans(stack: Stack) -> list[str]:
    """Delete what is in the store and nothing needs; return the names."""
    done = stack.manage("shell", "--verbosity", "0", "--command", ORPHANS)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def objects(stack: Stack) -> set[Path]:
    return set((stack.data / "media" / "files").glob("??/*"))


def kept(client: Client, url: str) -> list[dict[str, Any]]:
    return list(client.get(url).json()["results"])


# --- Memory and disks -----------------------------------------------------------


def transferring(stack: Stack) -> list[psutil.Process]:
    return [*stack.processes(POOL), *stack.processes("nginx")]


def forget_peaks(processes: list[psutil.Process]) -> dict[int, int]:
    """Return the memory of each process, and reset its recorded peak."""
    for process in processes:
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # proc(5)
    return peaks(processes)


def peaks(processes: list[psutil.Process]) -> dict[int, int]:
    """Return the most memory, in bytes, that each process has had."""
    texts = {one.pid: Path(f"/proc/{one.pid}/status").read_text() for one in processes}
    return {
        pid: int(text.partition("VmHWM:")[2].split()[0]) * 1024
        for pid, text in texts.items()
    }


def temporary_files(stack: Stack) -> list[str]:
    """Return the open files outside of the folders that have a purpose."""
    own = [str(stack.data / name) for name in ("media", "metrics", "log")]
    expected = (*own, "/dev/", "/proc/", "/sys/", str(stack.config), "pipe:", "anon_")
    found = []
    for process in transferring(stack):
        for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                path = os.readlink(descriptor)
                if not path.startswith((*expected, "socket:")) and is_large(descriptor):
                    found.append(path)
    return found


def is_large(descriptor: Path) -> bool:
    """Return whether an open file has content, as marks and locks do not."""
    return descriptor.stat().st_size >= 4096 and descriptor.is_file()


def holds_marker(path: Path) -> bool:
    held = b""
    with path.open("rb") as file:
        while piece := file.read(MEGABYTE):
            if MARKER in held + piece:
                return True
            held = piece[-len(MARKER) :]
    return False


def test_a_large_file_comes_back_equal_in_constant_memory_and_is_on_no_disk(
    stack: Stack, client: Client, attachments: str
):
    small = upload(client, attachments, Content(MEGABYTE)).json()
    download(client, f"{attachments}/{small['id']}/content")  # what is used is loaded
    folders = [stack.data / "run" / name for name in ("nginx-body", "nginx-uwsgi")]
    touched = [folder.stat().st_mtime_ns for folder in folders]
    before = forget_peaks(transferring(stack))
    seen: list[str] = []

    content = Content(SIZE, halfway=lambda: seen.extend(temporary_files(stack)))
    made = upload(client, attachments, content)
    received = download(client, f"{attachments}/{made.json()['id']}/content")

    assert made.status_code == 201, made.text
    assert made.json()["sha256"] == received == content.sha256
    after = peaks(transferring(stack))
    grown = {pid: after[pid] - size for pid, size in before.items()}
    assert max(grown.values()) < GROWTH, grown
    assert seen == []
    assert [folder.stat().st_mtime_ns for folder in folders] == touched
    written = [path for path in stack.data.rglob("*") if path.is_file()]
    assert any(path.stat().st_size > SIZE for path in written)
    assert [path for path in written if holds_marker(path)] == []


def test_a_range_is_the_same_bytes(client: Client, large: str):
    start = 50 * MEGABYTE + 77
    headers = {"Range": f"bytes={start}-{start + 99}"}
    with client.get(large, headers=headers) as answer:
        assert answer.status_code == 206
        assert answer.content == PIECE[77:177]


def test_files_that_arrive_at_the_same_time_are_kept_apart(
    stack: Stack, client: Client, key: str, attachments: str
):
    contents = [Content(size * MEGABYTE) for size in range(1, 9)]

    def send(content: Content) -> Any:
        with stack.client(key=key) as own:
            return upload(own, attachments, content)

    with ThreadPoolExecutor(len(contents)) as people:
        made = list(people.map(send, contents))
    assert {each.status_code for each in made} == {201}
    found = {each["size"]: each["sha256"] for each in kept(client, attachments)}
    assert found == {content.size: content.sha256 for content in contents}


# --- Slow clients ---------------------------------------------------------------


def read_slowly(stack: Stack, url: str, key: str) -> tuple[int, float]:
    """Download the file evenly, in longer than other requests may take."""
    began, received = monotonic(), 0
    with stack.client(key=key) as client, client.get(url, stream=True) as answer:
        for piece in answer.iter_content(MEGABYTE):
            received += len(piece)
            due = began + LONGER_THAN_OTHER_REQUESTS * received / SIZE
            wait_until(lambda due=due: monotonic() >= due, what="time")  # type: ignore[misc]
    return received, monotonic() - began


def test_slow_clients_get_the_whole_file_and_occupy_nothing_that_others_need(
    stack: Stack, client: Client, key: str, attachments: str, large: str
):
    count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'todo'"
    with ThreadPoolExecutor(1) as person, ExitStack() as slow:
        patient = person.submit(read_slowly, stack, large, key)
        [(connections,)] = stack.sql(count)
        stored = len(objects(stack))
        for _ in range(SLOW_DOWNLOADS):
            slow.enter_context(unread_download(stack, large, key))
        for _ in range(SLOW_UPLOADS):
            slow.enter_context(half_uploaded(stack, attachments, key))
        wait_until(
            lambda: len(objects(stack)) == stored + SLOW_UPLOADS,
            what="all uploads have begun",
        )
        assert stack.sql(count)[0][0] < connections + SLOW_UPLOADS / 2
        for path in ("/admin/login/", "/api/v1/todos", "/livez", large):
            headers = {"Range": "bytes=0-99"}
            answer = client.get(path, headers=headers, timeout=5)
            assert answer.status_code in {200, 206}
        slow.close()
        received, seconds = patient.result()
    assert received == SIZE
    assert seconds > 30


def test_an_upload_that_is_refused_is_answered_before_it_has_arrived(
    stack: Stack, key: str, attachments: str
):
    for length, secret, status in ((SIZE, "unknown", 401), (2 * SIZE, key, 413)):
        head = (
            f"POST {attachments} HTTP/1.1\nHost: localhost\n"
            f"Authorization: Bearer {secret}\nContent-Length: {length}\n"
            "Content-Type: application/octet-stream\n"
        )
        with connection_to(stack, head) as connection:
            answer = HTTPResponse(connection)
            answer.begin()
            assert answer.status == status


# --- Failures -------------------------------------------------------------------


def test_an_aborted_upload_leaves_nothing(
    stack: Stack, client: Client, key: str, attachments: str
):
    before = objects(stack)
    with half_uploaded(stack, attachments, key):
        wait_until(lambda: objects(stack) != before, what="an object is written")
    wait_until(lambda: objects(stack) == before, what="the object is gone")
    assert kept(client, attachments) == []


def test_an_app_server_that_is_killed_during_an_upload_leaves_only_an_orphan(
    stack: Stack, client: Client, key: str, attachments: str
):
    before = objects(stack)
    with half_uploaded(stack, attachments, key):
        wait_until(lambda: objects(stack) != before, what="an object is written")
        master = stack.pid(POOL)
        for process in stack.processes(POOL):
            process.send_signal(signal.SIGKILL)
    wait_until(
        lambda: (
            stack.supervised.pid(POOL) not in {None, master}
            and stack.answers("web-files")
        ),
        what="the app server is back",
    )
    assert kept(client, attachments) == []
    (left,) = objects(stack) - before
    assert f"{left.parent.name}/{left.name}" in orphans(stack)
    assert not left.exists()


def test_without_their_app_server_the_others_transfer_files(
    stack: Stack, client: Client, attachments: str
):
    stack.supervisor("stop", POOL)
    try:
        content = Content(3 * MEGABYTE)
        made = upload(client, attachments, content)
        received = download(client, f"{attachments}/{made.json()['id']}/content")
    finally:
        stack.supervisor("start", POOL)
    assert made.status_code == 201, made.text
    assert received == content.sha256
