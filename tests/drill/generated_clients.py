"""Clients that are generated from the OpenAPI document, used with the running service.

Not collected with the other tests: script/drill installs the generators first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkout import REPOSITORY
from tests.live.embedded import SERVER, Embedded

CLIENTS = REPOSITORY / "tests/drill/clients"
PACKAGE = "generated_client"
# What openapi-generator says about every document of OpenAPI 3.1, and its Python target
# about every document with a string, even in OpenAPI 3.0. Any other is about ours.
USUAL_WARNINGS = (
    "DefaultCodegen - OpenAPI 3.1 support is still in beta.",
    "ModelUtils - Failed to get the schema name: null",
)


@pytest.fixture(scope="module")
def tools() -> Path:
    """Return the folder of the programs that script/drill has installed."""
    return Path(os.environ["DRILL_TOOLS"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    folder = tmp_path_factory.mktemp("served")
    with Embedded(folder) as server:
        server.start(SERVER, seconds=600)  # it makes the tables and the static files
        yield server


@pytest.fixture
def key(server: Embedded, request: pytest.FixtureRequest) -> str:
    """Return the API key of a person without todos."""
    name = request.node.name.removeprefix("test_")
    server.manage(
        "createsuperuser", "--no-input", f"--username={name}",
        DJANGO_SUPERUSER_PASSWORD="correct horse battery staple",
    )  # fmt: skip
    return server.manage("createapikey", name)


@pytest.fixture(scope="module")
def document(server: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OpenAPI document that the running service sends."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    key = server.new_key()
    with server.client(key=key) as client:
        path.write_bytes(client.get("/api/v1/schema").content)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs an installed program and returns what it prints."""
    tools = Path(os.environ["DRILL_TOOLS"])
    paths = [tools / "python/bin", tools / "node_modules/.bin", os.environ["PATH"]]
    env = os.environ | {"PATH": os.pathsep.join(map(str, paths))}

    def run(*command: object) -> str:
        done = subprocess.run(  # noqa: S603
            [str(word) for word in command],
            env=env, cwd=tmp_path, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def test_openapi_generator_python(run, document, server, key, tmp_path):
    log = run(
        "openapi-generator-cli", "generate", f"--input-spec={document}",
        "--generator-name=python", f"--additional-properties=packageName={PACKAGE}",
        "--output=.",
    )  # fmt: skip
    assert warnings_in(log) == []
    shutil.copy(CLIENTS / "openapi_generator_python.py", tmp_path)
    run("python", "openapi_generator_python.py", server.url, key)


def test_openapi_generator_typescript(run, document, server, key, tmp_path):
    log = run(
        "openapi-generator-cli", "generate", f"--input-spec={document}",
        "--generator-name=typescript-fetch", f"--output={PACKAGE}",
    )  # fmt: skip
    assert warnings_in(log) == []
    for name in ("openapi_generator_typescript.ts", "tsconfig.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    modules = Path(os.environ["DRILL_TOOLS"]) / "node_modules"
    (tmp_path / "node_modules").symlink_to(modules)
    run("tsc")  # checks the types of the client and of its use
    run("node", "built/openapi_generator_typescript.js", server.url, key)


def test_openapi_python_client(run, document, server, key, tmp_path):
    run(
        "openapi-python-client", "generate", "--path", document, "--meta=none",
        "--output-path", PACKAGE, "--fail-on-warning",
    )  # fmt: skip
    shutil.copy(CLIENTS / "openapi_python_client.py", tmp_path / "use.py")
    run("python", "use.py", server.url, key)


def warnings_in(log: str) -> list[str]:
    return [
        line
        for line in log.splitlines()
        if re.search(r"\b(WARN|ERROR)\b", line)
        and not any(usual in line for usual in USUAL_WARNINGS)
    ]
