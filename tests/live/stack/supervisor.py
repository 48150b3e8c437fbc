"""The supervisor of a stack: started, asked, and stopped with all it has started."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from tests.checkout import REPOSITORY
from tests.live.stack.places import AS_ROOT, Places

STOP_TIME = 20  # seconds after which what still runs is killed
PR_SET_PDEATHSIG = 1

# Some machines keep Python in a folder that only root may enter. In a name space of its
# own the supervisor sees nothing there but what the programs need.
OPEN_PATH = """
closed=$1 stash=$2
shift 2
mkdir -p "$stash"
mount -t tmpfs tmpfs "$stash"
count=0 kept=()
while [[ $1 != -- ]]; do
    mkdir "$stash/${#kept[@]}"
    mount --bind "$1" "$stash/${#kept[@]}"
    kept+=("$1")
    shift
done
shift
mount -t tmpfs -o mode=755 tmpfs "$closed"
for ((count = 0; count < ${#kept[@]}; count++)); do
    mkdir -p "${kept[count]}"
    mount --bind "$stash/$count" "${kept[count]}"
done
exec "$@"
"""


class Supervisor:
    """supervisord with the configuration that ships."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.process: subprocess.Popen[bytes] | None = None
        self.socket = f"unix://{places.data}/run/supervisor.sock"

    def start(self) -> None:
        program = shutil.which("supervisord")
        if program is None:
            raise RuntimeError("supervisord is missing: apt-get install supervisor")
        configuration = self.places.app / "deploy" / "supervisord.conf"
        with (self.places.data / "log" / "output.log").open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603
                [*opening(self.places), program, "-c", str(configuration)],
                env=self.places.env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is ours to pass on, in order
                preexec_fn=end_with_parent,
            )

    def control(self, *arguments: str) -> str:
        """Return what supervisorctl answers, whatever it exits with."""
        return subprocess.run(  # noqa: S603
            [shutil.which("supervisorctl") or "", "-s", self.socket, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=self.places.env,
        ).stdout

    def pid(self, name: str) -> int | None:
        """Return the process of a program; None while it does not run."""
        answer = self.control("pid", name).strip()
        return int(answer) if answer.isdigit() and answer != "0" else None

    def states(self) -> dict[str, str]:
        """Return the state of each program by its name."""
        lines = (line.split() for line in self.control("status").splitlines())
        return {words[0]: words[1] for words in lines if len(words) > 1}

    def kill(self) -> None:
        """Kill it alone: all that it has started lives on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def run_beside(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command where the programs run, with their environment."""
        assert self.process is not None
        inside = ["nsenter", f"--target={self.process.pid}", "--mount"]
        return subprocess.run(  # noqa: S603
            [*(inside if AS_ROOT else []), *map(str, command)],
            env=self.places.env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self) -> None:
        """Stop the programs in order; kill what has not ended in time."""
        for process in descendants(self.process):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                process.send_signal(signal.SIGCONT)  # a test may have frozen it
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIME)
            except subprocess.TimeoutExpired:
                kill_all(descendants(self.process))
                self.process.kill()
                self.process.wait()
        kill_all(holders(self.places.folder))


def descendants(process: subprocess.Popen[bytes] | None) -> list[psutil.Process]:
    if process is None or process.poll() is not None:
        return []
    return psutil.Process(process.pid).children(recursive=True)


def holders(folder: Path) -> Iterator[psutil.Process]:
    """Yield the processes that hold a mark of deploy/start below the folder."""
    for process in psutil.process_iter():
        try:
            mark = os.readlink(f"/proc/{process.pid}/fd/9")
        except OSError:
            continue
        if mark.startswith(f"{folder}/"):
            yield process


def kill_all(processes: list[psutil.Process] | Iterator[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def end_with_parent() -> None:
    """Get TERM when the process that started this one dies, in whatever way."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def opening(places: Places) -> list[str]:
    """Return what to put before a command so that its user can reach Python."""
    needed = [Path(sys.base_prefix).resolve(), (REPOSITORY / ".venv").resolve()]
    closed = {path: closed_ancestor(path) for path in needed} if AS_ROOT else {}
    top = next(filter(None, closed.values()), None)
    if top is None:
        return []
    kept = [str(path) for path, ancestor in closed.items() if ancestor]
    stash = str(places.folder / "kept")
    script = ["bash", "-euc", OPEN_PATH, "bash", str(top), stash, *kept, "--"]
    return ["unshare", "--mount", "--propagation", "private", *script]


def closed_ancestor(path: Path) -> Path | None:
    """Return the topmost folder above the path that only its owner may enter."""
    above = (parent for parent in reversed(path.parents))
    return next((folder for folder in above if not folder.stat().st_mode & 1), None)


def group_of(pid: int) -> list[psutil.Process]:
    """Return a process and all below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
