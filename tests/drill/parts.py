"""Run the services of compose.yaml without an engine, as an engine would.

A part has namespaces of its own for mounts and processes, so its program is process 1;
its root is the image, read-only where compose.yaml says so; it has the user, command
and environment of image and service, no capabilities, and the volumes and secrets that
are listed. It shares the network of the machine, where the names of services lead to an
address of their own. Memory and CPU are not limited here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.live.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
# With the default of each variable in its place.
TEXT = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text())
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS: dict[str, dict[str, str]] = COMPOSE["secrets"]
ADDRESS = "127.77.0.2"  # where PostgreSQL and Redis listen

# What an engine does before the program starts. $1 is the root, the rest the program.
SET_UP = """
set -e
root=$1; shift
mount --bind "$root" "$NEW_ROOT"
while read -r from to mode; do
    mount --bind "$from" "$NEW_ROOT$to"
    mount -o remount,bind,"$mode" "$NEW_ROOT$to"
done <"$BINDS"
mount -o remount,bind,"$MODE" "$NEW_ROOT"
for folder in $TMPFS; do mount -t tmpfs -o mode=1777 tmpfs "$NEW_ROOT$folder"; done
mount -t proc proc "$NEW_ROOT/proc"
exec chroot "$NEW_ROOT" /usr/bin/setpriv --reuid="${OWNER%:*}" \
    --regid="${OWNER#*:}" --clear-groups --no-new-privs --bounding-set=-all \
    --inh-caps=-all /usr/bin/env -i "$@"
"""
DEVICES = ("null", "zero", "random", "urandom")
STREAMS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}


class Image:
    """An image that buildah built, opened as a folder."""

    def __init__(self, buildah: list[str], name: str) -> None:
        self.buildah = buildah
        self.container = self._ask("from", f"localhost/{name}")
        self.root = Path(self._ask("mount", self.container))
        config = json.loads(self._ask("inspect", "--type", "image", name))
        self.config = config["Docker"]["config"]

    def _ask(self, *arguments: str) -> str:
        return subprocess.run(  # noqa: S603
            [*self.buildah, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    def remove(self) -> None:
        self._ask("rm", self.container)


class Part:
    """A running service; `pid` is its process 1 as the machine numbers it."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.process, self.log = name, process, log

    @property
    def pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(wait_until(children.read_text, what=self.name))

    def status(self) -> dict[str, str]:
        """Return what the kernel says of process 1, by name."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {
            name: value.strip() for name, _, value in (x.partition(":") for x in lines)
        }

    def stop(self, number: int) -> int:
        """Send the signal; return how it ended, within the time that it is given."""
        os.kill(self.pid, number)
        return self.process.wait(seconds_of(self.name))


def seconds_of(name: str) -> float:
    return float(SERVICES[name].get("stop_grace_period", "10s").removesuffix("s"))


class Engine:
    """Starts parts in a folder that deploy/compose/prepare has prepared."""

    def __init__(self, folder: Path, images: dict[str, Image]) -> None:
        self.folder, self.images = folder, images
        self.parts: dict[str, Part] = {}
        self._starts = 0
        (folder / "hosts").write_text(
            f"127.0.0.1 localhost\n{ADDRESS} postgres redis\n"
        )

    def start(self, name: str, *command: str, volumes: Iterable[str] = ()) -> Part:
        """Start the service, or another command in its place and with more volumes."""
        service = SERVICES[name]
        image = self.images[service["build"]["target"]]
        words = command or service.get("command") or image.config["Cmd"]
        self._starts += 1
        scratch = self.folder / f"{self._starts}-{name}"
        (scratch / "root").mkdir(parents=True)
        binds = scratch / "binds"
        mounted = {**service, "volumes": [*service["volumes"], *volumes]}
        binds.write_text("".join(f"{bind}\n" for bind in self._binds(mounted, image)))
        settings = {
            "NEW_ROOT": str(scratch / "root"),
            "BINDS": str(binds),
            "MODE": "ro" if service["read_only"] else "rw",
            "TMPFS": " ".join(["/dev/shm", *service["tmpfs"]]),  # noqa: S108
            "OWNER": image.config["User"],
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        }
        log = scratch / "log"
        log.touch()
        log.chmod(0o666)  # /dev/stdout reopens it, as the user of the service
        with log.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603
                [  # noqa: S607
                    "unshare", "--mount", "--pid", "--fork",
                    "bash", "-c", SET_UP, "bash", image.root,
                    f"--chdir={image.config['WorkingDir']}",
                    *self._environment(service, image), *words,
                ],
                env=settings, stdin=subprocess.DEVNULL, stdout=stream,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        part = Part(name, process, log)
        if not command:
            self.parts[name] = part
        return part

    def run(self, name: str, *command: str, volumes: Iterable[str] = ()) -> str:
        """Return what the service, or the command in its place, prints; 0 is a must."""
        part = self.start(name, *command, volumes=volumes)
        if not command:
            del self.parts[name]  # it is not to go on
        status = part.process.wait(300)
        told = part.log.read_text()
        assert status == 0, told
        return told

    def stop(self, name: str) -> int:
        """Send the signal that the service or its image names; return how it ended."""
        image = self.images[SERVICES[name]["build"]["target"]]
        part = self.parts.pop(name)
        return part.stop(signal.Signals[image.config.get("StopSignal") or "SIGTERM"])

    def is_well(self, name: str) -> bool:
        """Return the result of the service's health check."""
        image = self.images[SERVICES[name]["build"]["target"]]
        own = SERVICES[name].get("healthcheck", {}).get("test")
        test = own or image.config["Healthcheck"]["Test"]
        return self.start(name, *test[1:]).process.wait(30) == 0

    def await_well(self, name: str) -> None:
        """Wait until the health check agrees; fail with the end of the log."""
        part = self.parts[name]
        try:
            wait_until(
                lambda: self.is_well(name) or part.process.poll() is not None,
                seconds=120, every=1, what=f"{name} is well",
            )  # fmt: skip
        except TimeoutError as error:
            raise AssertionError(part.log.read_text()[-4000:]) from error
        assert part.process.poll() is None, part.log.read_text()[-4000:]

    def stop_all(self) -> None:
        for part in self.parts.values():
            if part.process.poll() is None:
                os.kill(part.pid, signal.SIGKILL)  # the first process takes all along
                part.process.wait()

    def volume(self, name: str) -> Path:
        return self.folder / "volumes" / name

    def _environment(self, service: dict[str, Any], image: Image) -> list[str]:
        lines = [*image.config["Env"], "HOME=/data"]
        if "env_file" in service:
            lines += (self.folder / ".env").read_text().splitlines()
        return [
            *lines,
            *(f"{k}={v}" for k, v in service.get("environment", {}).items()),
        ]

    def _binds(self, service: dict[str, Any], image: Image) -> list[str]:
        """Return what is mounted: a place here, its place there, and ro or rw."""
        (image.root / "dev/shm").mkdir(exist_ok=True)
        for name, place in STREAMS.items():
            link = image.root / "dev" / name
            if not link.is_symlink():
                link.symlink_to(f"/proc/self/fd{place}")
        binds = [(f"/dev/{name}", f"/dev/{name}", "rw") for name in DEVICES]
        binds.append((f"{self.folder}/hosts", "/etc/hosts", "ro"))
        for name in service["secrets"]:
            path = self.folder / SECRETS[name]["file"]
            binds.append((str(path), f"/run/secrets/{name}", "ro"))
        for volume in service["volumes"]:
            source, target, *mode = volume.split(":")
            path = self._source(source, image.root / target[1:])
            binds.append((str(path), target, *(mode or ["rw"])))
        for source, target, _ in binds:
            make_target(Path(source), image.root / target[1:])
        return [" ".join(bind) for bind in binds]

    def _source(self, source: str, target: Path) -> Path:
        if source.startswith((".", "/")):
            return self.folder / source
        volume = self.volume(source)
        if not volume.exists():  # begins as what the image has in its place
            shutil.copytree(target, volume)
            shutil.chown(volume, target.stat().st_uid, target.stat().st_gid)
        return volume


def make_target(source: Path, target: Path) -> None:
    """Make what the source is mounted over, as an engine does."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
