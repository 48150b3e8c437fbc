"""deploy/compose/prepare: secrets, certificates and folders for the containers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """Run deploy/compose/prepare in a new folder and return the folder."""
    folder = tmp_path_factory.mktemp("prepared")
    for name in ("deploy", "script"):
        shutil.copytree(ROOT / name, folder / name)
    prepare(folder, "todo.example.com")
    return folder


def prepare(
    folder: Path, *names: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [folder / "deploy/compose/prepare", *names],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_prepare_creates_everything_that_compose_mounts(prepared):
    mounted = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    secrets = [secret["file"] for secret in COMPOSE["secrets"].values()]
    for path in [".env", *mounted, *secrets]:
        assert (prepared / path).exists(), path


def test_prepare_creates_each_file_that_nginx_includes(prepared):
    included = set()
    for path in [ROOT / "deploy/nginx.conf", *(ROOT / "deploy/nginx").glob("*.conf")]:
        included |= set(re.findall(r"include site/(\S+);", path.read_text()))
    assert included == {path.name for path in (prepared / "compose/site").iterdir()}


def test_prepare_keeps_secrets_private_and_unchanged(prepared):
    assert (prepared / "compose/secrets").stat().st_mode & 0o777 == 0o700
    before = contents(prepared)
    again = prepare(prepared, "other.example.com")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert contents(prepared) == before


def test_nginx_accepts_the_configuration_of_containers(prepared, tmp_path):
    """Any OpenSSL must: that of Debian 12 does not know the newest key exchange."""
    config, data = tmp_path / "config", tmp_path / "data"
    shutil.copytree(prepared / "compose/site", config / "site")
    shutil.copytree(ROOT / "deploy/nginx", config / "nginx")
    shutil.copy(ROOT / "deploy/nginx.conf", config)
    for folder in ("static", "run"):
        (data / folder).mkdir(parents=True)
    for path in (config / "site").iterdir():
        text = path.read_text()
        path.write_text(text.replace("/run/secrets", f"{prepared}/compose/secrets"))
    tested = subprocess.run(  # noqa: S603
        [nginx(), "-t", "-q", "-e", "stderr", "-p", data, "-c", config / "nginx.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stderr


def nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, "nginx is missing: apt-get install nginx"
    return found


FAKE_DOCKER = """#!/bin/sh
[ "$*" = "volume inspect todo_postgres" ]
"""


def test_prepare_makes_no_new_passwords_for_an_existing_database(tmp_path):
    for name in ("deploy", "script"):
        shutil.copytree(ROOT / name, tmp_path / name)
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(FAKE_DOCKER)
    docker.chmod(0o755)
    path = {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    refused = prepare(tmp_path, "todo.example.com", **path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("This machine has an installation named todo, ")
    assert not (tmp_path / "compose").exists()
    other = prepare(tmp_path, "todo.example.com", **path, COMPOSE_PROJECT_NAME="second")
    assert other.returncode == 0, other.stderr


@pytest.mark.parametrize("names", [[], ["todo example"], ["https://todo.example.com"]])
def test_prepare_requires_a_valid_host_name(prepared, names):
    refused = prepare(prepared, *names)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Usage: deploy/compose/prepare")


def test_the_settings_of_the_containers_pass_the_checks(prepared, tmp_path):
    secrets = str(prepared / "compose/secrets")
    settings = {
        name: value.replace("/run/secrets", secrets)
        for name, value in SERVICES["web-0"]["environment"].items()
    }
    settings |= {"ALLOWED_HOSTS": "todo.example.com", "DATA_DIR": str(tmp_path)}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ALLOWED_HOSTS": "todo.example.com"}
        | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
