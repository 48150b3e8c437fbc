"""Folders, ports and users of the test deployment."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

AS_ROOT = os.geteuid() == 0
RUN_USER = "www-data" if AS_ROOT else pwd.getpwuid(os.geteuid()).pw_name
POSTGRES_USER = "postgres" if AS_ROOT else RUN_USER


class Places:
    """The folders, ports and names of one stack, laid out as on a machine."""

    def __init__(self) -> None:
        # Short: the path of a Unix socket has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="todo-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.home = self.folder / "srv"  # /srv/todo
        self.app = self.home / "current"
        self.config = self.folder / "etc"  # /etc/todo
        self.data = self.folder / "data"  # /var/lib/todo
        self.postgresql = self.folder / "postgresql"
        self.redis = self.folder / "redis"
        self.certificate = self.config / "certificate.pem"
        self.names = ["127.0.0.1", "localhost", "todo.test"]
        self.https_port, self.http_port, self.redis_port = free_ports(3)
        self.redis_password = secrets.token_hex(8)
        self.operator_token = secrets.token_hex(16)
        self.settings = self._settings()

    def _settings(self) -> dict[str, str]:
        """Return the content of /etc/todo/todo.env."""
        redis = f"redis://:{self.redis_password}@127.0.0.1:{self.redis_port}"
        return {
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": f"postgres://todo@/todo?host={self.postgresql}",
            "REDIS_URL": f"{redis}/0",
            "BROKER_URL": f"{redis}/1",
            "ALLOWED_HOSTS": ",".join(self.names),
            "HTTPS": "true",
            "OPERATOR_TOKEN": self.operator_token,
            "LOG_FORMAT": "json",
            "WEB_INSTANCES": "2",
            "WEB_PROCESSES": "2",
            "RUN_USER": RUN_USER,
            "TODO_HOME": str(self.home),
            "APP": str(self.app),
            "CONFIG_DIR": str(self.config),
            "DATA_DIR": str(self.data),
            "UNIT_FILE": str(self.config / "todo.service"),
        }

    @property
    def env(self) -> dict[str, str]:
        """Return the whole environment of its programs: nothing of the caller's."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return self.settings | {"PATH": path, "LANG": "C.UTF-8", "HOME": "/nonexistent"}


def run(*command: str | Path, **options: Any) -> str:
    """Return what the command prints; raise with all of it when it fails."""
    done = subprocess.run(  # noqa: S603
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **({"cwd": "/"} | options),
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}")
    return str(done.stdout)


def run_as(user: str, *command: str | Path, **options: Any) -> str:
    """Run the command as the user, which takes root unless it is oneself."""
    prefix = ["runuser", "-u", user, "--"] if AS_ROOT else []
    return run(*prefix, *command, **options)


def make_folder(path: Path, *, owner: str, mode: int) -> None:
    path.mkdir(parents=True)
    path.chmod(mode)
    if AS_ROOT:
        shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)


def free_ports(count: int) -> list[int]:
    """Return unused ports of the loopback address."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
