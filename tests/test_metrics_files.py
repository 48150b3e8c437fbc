"""The metrics files of processes: who owns them, and what is kept of them."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

from todo_project.observability.metrics.sharing import (
    Slot,
    is_readable,
    remove_stale_gauges,
)


def test_damaged_files_are_detected(tmp_path):
    path, whole = tmp_path / "counter_0.db", file_with_a_value(tmp_path)
    used = int.from_bytes(whole[:4], "little")
    path.write_bytes(whole)
    assert is_readable(path)
    for length in range(used):
        path.write_bytes(whole[:length])
        assert not is_readable(path), length
    for place in range(used):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        )
        is_readable(path)  # neither raises nor hangs, whatever it returns
    path.write_bytes(whole[:8] + bytes(used))
    assert not is_readable(path)


def file_with_a_value(folder: Path) -> bytes:
    values = MmapedDict(str(folder / "made"))
    values.write_value('["todo_x", "todo_x_total", {"a": "b"}, "Told"]', 1.0, 0.0)
    values.write_value('["todo_x", "todo_x_total", {"a": "c"}, "Told"]', 2.0, 0.0)
    values.close()
    return (folder / "made").read_bytes()[:4096]


def test_a_forked_process_gets_another_number(tmp_path):
    slot = Slot(tmp_path)
    assert slot() == 0
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.write(writer, str(slot()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 9) == b"1"
    assert Slot(tmp_path)() == 1  # the child's, which has ended
    os.close(reader)
    os.close(writer)


def test_a_child_does_not_hold_the_number_of_its_parent(tmp_path):
    slot = Slot(tmp_path)
    assert slot() == 0
    (ready, told), (wait, let_go) = os.pipe(), os.pipe()
    if not (child := os.fork()):
        slot()
        os.write(told, b".")
        os.read(wait, 1)
        os._exit(0)
    try:
        os.read(ready, 1)
        os.close(slot.lock)  # as the parent's end does
        assert Slot(tmp_path)() == 0
    finally:
        os.write(let_go, b".")
        os.waitpid(child, 0)
        for end in (ready, told, wait, let_go):
            os.close(end)


def write_values(folder: Path, number: int) -> None:
    for kind in ("counter", "gauge_livesum"):
        values = MmapedDict(str(folder / f"{kind}_{number}.db"))
        values.write_value('["todo_x", "todo_x", {}, "Told"]', 7.0, 0.0)
        values.close()


def test_a_reused_number_keeps_its_counters_but_not_its_gauges(tmp_path):
    write_values(tmp_path, 0)
    assert Slot(tmp_path)() == 0
    used = {path.stem: path.read_bytes()[0] for path in tmp_path.glob("*_0.db")}
    assert used["counter_0"] > 0
    assert used["gauge_livesum_0"] == 0


def test_gauges_of_a_dead_process_are_removed(tmp_path):
    alive = Slot(tmp_path)
    assert alive() == 0
    write_values(tmp_path, 1)
    (tmp_path / "1.lock").touch()  # which nobody holds
    remove_stale_gauges(tmp_path)
    left = {path.stem for path in tmp_path.glob("*.db")}
    assert left == {"counter_0", "histogram_0", "gauge_livesum_0", "counter_1"}
