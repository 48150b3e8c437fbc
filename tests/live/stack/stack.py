"""The whole service as it is deployed, on private ports in a temporary folder."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import psutil
import psycopg
import redis
import requests

from tests.checkout import REPOSITORY
from tests.live.stack import installation
from tests.live.stack.client import Client
from tests.live.stack.places import Places
from tests.live.stack.supervisor import Supervisor, group_of
from tests.live.waiting import wait_until
from tests.samples import Samples, samples_of

READY = 60  # seconds
LOGS = REPOSITORY / "build" / "live"
ADD_USER = """
from django.utils import timezone
from accounts.models import Role
from accounts.services.passwords import hash_password
from accounts.services.people import add_person
add_person(actor=None, username={name!r}, now=timezone.now(),
           password_hash=hash_password({password!r}),
           roles=Role.objects.filter(name__in={roles!r}))
"""


class Stack:
    """nginx, two app servers, worker, beat, PostgreSQL, Redis and who keeps them.

    `start` and `stop` it, or use it in a `with`. More than one may run at a time.
    """

    def __init__(self) -> None:
        self.places = Places()
        self.supervised = Supervisor(self.places)
        self.folder = self.places.folder
        self.data = self.places.data
        self.config = self.places.config
        self.app = self.places.app
        self.certificate = self.places.certificate
        self.names = self.places.names
        self.operator_token = self.places.operator_token
        self.url = f"https://127.0.0.1:{self.places.https_port}"
        self.http_url = f"http://127.0.0.1:{self.places.http_port}"
        self.redis = redis.Redis.from_url(self.env["REDIS_URL"])

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of the programs, a new one each time."""
        return self.places.env

    def __enter__(self) -> Stack:
        try:
            self.start()
        except BaseException:
            self.keep_logs()
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Install it, start it, and return when it is ready."""
        installation.install(self.places)
        self.supervised.start()
        self.wait_ready()

    def stop(self) -> None:
        """Stop every process of it and leave nothing behind."""
        self.redis.close()
        self.supervised.stop()
        shutil.rmtree(self.folder)

    def wait_ready(self, seconds: float = READY) -> None:
        """Wait until every program runs and every part is healthy."""
        try:
            wait_until(self.is_ready, seconds=seconds, what="everything is ready")
        except TimeoutError as error:
            error.add_note(f"{self.supervised.states()}\n{self.readiness()}")
            raise

    def is_ready(self) -> bool:
        states = self.supervised.states()
        if not states or set(states.values()) != {"RUNNING"}:
            return False
        return self.readiness().get("status") == "ok"

    def readiness(self) -> dict[str, Any]:
        """Return the checks of /readyz for operators; empty without a response."""
        bearer = {"Authorization": f"Bearer {self.operator_token}"}
        with self.client() as client:
            try:
                answer = client.get("/readyz", headers=bearer, timeout=5)
                return dict(answer.json())
            except (requests.RequestException, ValueError):
                return {}

    def readiness_when(self, status: str) -> dict[str, Any]:
        """Return the first checks with this status; a result is kept for a second."""

        def found() -> dict[str, Any] | None:
            checks = self.readiness()
            return checks if checks.get("status") == status else None

        what = f"/readyz says {status}"
        return cast(dict[str, Any], wait_until(found, what=what, every=0.5))

    # --- Using it --------------------------------------------------------------

    def client(self, *, key: str | None = None) -> Client:
        """Return an HTTP client; with a key it is that key's person."""
        return Client(self.url, certificate=self.certificate, key=key)

    def manage(
        self, *arguments: str, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a management command; the caller looks at how it ended."""
        return installation.try_to_manage(self.places, *arguments, **options)

    def add_user(self, name: str, password: str, *roles: str) -> None:
        """Add a person who can sign in, a `member` where no role is named."""
        text = ADD_USER.format(name=name, password=password, roles=roles or ("member",))
        installation.manage(self.places, "shell", "--verbosity", "0", "--command", text)

    def new_key(self, user: str) -> str:
        """Return a new API key of the person."""
        done = self.manage("createapikey", user)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def metrics(self) -> Samples:
        """Return the result of one scrape of /metrics."""
        with self.client(key=self.operator_token) as client:
            answer = client.get("/metrics")
        answer.raise_for_status()
        return samples_of(answer.text)

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query, asked over a connection of its own."""
        with psycopg.connect(
            host=str(self.places.postgresql), user="todo", dbname="todo"
        ) as connection:
            cursor = connection.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def copy_release(self, name: str) -> Path:
        """Return the folder of another release, the same as the first as yet."""
        return installation.copy_release(self.places, name)

    def operate(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run what an operator runs on the machine, as root where tests are root."""
        return self.supervised.run_beside(*command)

    # --- Its processes ---------------------------------------------------------

    def supervisor(self, *arguments: str) -> str:
        """Return what supervisorctl answers: `restart web:web-0`, say."""
        return self.supervised.control(*arguments)

    def pid(self, program: str) -> int:
        """Return the process of a running program, `web:web-0` say."""
        found = self.supervised.pid(program)
        if found is None:
            raise RuntimeError(f"{program} does not run.")
        return found

    def processes(self, program: str) -> list[psutil.Process]:
        """Return the processes of a program: its master first."""
        return group_of(self.pid(program))

    def answers(self, instance: str) -> bool:
        """Return whether this app server answers, asked without nginx."""
        number = instance.rpartition("-")[2]
        script = self.app / "deploy" / "health.py"
        return not subprocess.run(  # noqa: S603
            [str(self.app / ".venv" / "bin" / "python"), str(script), "web"],
            env=self.env | {"INSTANCE": number},
            check=False,
        ).returncode

    def freeze(self, program: str) -> None:
        self._signal(program, signal.SIGSTOP)

    def thaw(self, program: str) -> None:
        self._signal(program, signal.SIGCONT)

    def _signal(self, program: str, number: int) -> None:
        for process in self.processes(program):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                process.send_signal(number)

    # --- Its logs --------------------------------------------------------------

    def log(self, program: str) -> Path:
        """Return the log of a program: `nginx`, `web-0`, `worker`, say."""
        return self.data / "log" / f"{program.rpartition(':')[2]}.log"

    def keep_logs(self) -> Path | None:
        """Copy the logs to build/live/, and return where they are."""
        if not (self.data / "log").is_dir():
            return None
        kept = LOGS / f"{time.strftime('%H%M%S')}-{self.folder.name}"
        shutil.copytree(self.data / "log", kept, dirs_exist_ok=True)
        return kept
