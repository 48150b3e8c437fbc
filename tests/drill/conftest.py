"""All services of compose.yaml, running once for all tests of the images."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.drill.parts import ADDRESS, ROOT, SERVICES, Engine, Image
from tests.live.stack import Client
from tests.live.stack.engines import postgresql_program

NAME = "localhost"


@pytest.fixture(scope="session")
def images() -> Iterator[dict[str, Image]]:
    """Return what script/drill has built into the folder DRILL_STORE."""
    store = os.environ["DRILL_STORE"]
    buildah = [
        "buildah", "--root", f"{store}/storage", "--runroot", f"{store}/run",
        "--storage-driver", "vfs",
    ]  # fmt: skip
    images = {target: Image(buildah, f"todo-{target}") for target in ("app", "nginx")}
    yield images
    for image in images.values():
        image.remove()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="todo-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("deploy", "script"):
        shutil.copytree(ROOT / name, folder / name)
    subprocess.run([folder / "deploy/compose/prepare", NAME], check=True)  # noqa: S603
    # Tests are quicker than people.
    limits = folder / "compose/site/limits.conf"
    limits.write_text(limits.read_text().replace("rate=50r/s", "rate=5000r/s"))
    (folder / "volumes").mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def engine(folder, images) -> Iterator[Engine]:
    """Start all parts in the order that compose.yaml asks for."""
    engine = Engine(folder, images)
    with postgresql(folder), redis(folder):
        try:
            engine.run("migrate")
            for name in ("web-0", "web-1", "web-files", "nginx", "worker", "beat"):
                engine.start(name)
            for name in engine.parts:
                engine.await_well(name)
            yield engine
        finally:
            engine.stop_all()


@contextmanager
def postgresql(folder: Path) -> Iterator[None]:
    """Run a PostgreSQL in which deploy/compose/database.sh was run."""
    home = folder / "postgresql"
    home.mkdir()
    shutil.chown(home, "postgres", "postgres")
    as_postgres = ["runuser", "-u", "postgres", "--"]
    pg_ctl = [*as_postgres, str(postgresql_program("pg_ctl")), f"--pgdata={home}/data"]
    run(
        *as_postgres, str(postgresql_program("initdb")), f"--pgdata={home}/data",
        "--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
    )  # fmt: skip
    options = f"-k {home} -c listen_addresses={ADDRESS}"
    run(*pg_ctl, "start", "--wait", f"--log={home}/log", f"--options={options}")
    script = (folder / "deploy/compose/database.sh").read_text()
    secrets = f"{folder}/compose/secrets"
    try:
        run("sh", "-c", script.replace("/run/secrets", secrets), PGHOST=str(home))
        yield
    finally:
        run(*pg_ctl, "stop", "--mode=fast")


@contextmanager
def redis(folder: Path) -> Iterator[None]:
    """Run a Redis with the options of compose.yaml."""
    home = folder / "redis"
    home.mkdir()
    words = SERVICES["redis"]["command"].split()
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*words, "--bind", ADDRESS, "--dir", home], stdout=log, cwd=home
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def run(*command: str, **settings: str) -> None:
    subprocess.run(  # noqa: S603
        command, check=True, env=os.environ | settings, stdout=subprocess.DEVNULL,
        cwd="/",
    )  # fmt: skip


@pytest.fixture(scope="session")
def key(engine) -> str:
    """Return an API key of the administrator whom the first start makes."""
    engine.run("web-0", "python", "manage.py", "welcome")
    told = engine.run("web-0", "python", "manage.py", "createapikey", "admin")
    return told.split()[-1]


@pytest.fixture
def client(engine, folder, key) -> Iterator[Client]:
    certificate = folder / "compose/secrets/certificate"
    url = f"https://{NAME}:8443"
    with Client(url, certificate=certificate, key=key) as client:
        yield client
