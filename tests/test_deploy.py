"""The files for running the service in containers, without a container engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.core.management import get_commands

from todo_project.settings import LOCK_TIMEOUT, REDIS_TIMEOUT, STATEMENT_TIMEOUT

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ["nginx", "web-0", "web-1", "worker", "beat", "migrate"]
PERMANENT = sorted(set(SERVICES) - {"migrate"})
GAUGE = re.compile(r'Gauge\("(\w+)"')
DEPLOY = (ROOT / "docs/deploy.md").read_text()
SECRET = re.compile("SECRET|KEY|PASSWORD|TOKEN|DATABASE_URL")


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


def test_the_dockerfile_is_clean():
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run(  # noqa: S603
        [hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_the_compose_file_is_valid():
    schema = json.loads((ROOT / "tests/schemas/compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_releases_in_different_folders_share_their_volumes():
    """By default, the name of the folder would be part of the volumes' names."""
    assert COMPOSE["name"] == "todo"


def test_ipv6_clients_keep_their_addresses():
    assert SERVICES["nginx"]["networks"] == ["edge"]
    assert COMPOSE["networks"]["edge"] == {"enable_ipv6": "${IPV6:-true}"}


def test_every_part_has_a_container():
    assert set(SERVICES) == {*OURS, "postgres", "redis"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_has_minimal_privileges(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 200
    assert "docker.sock" not in json.dumps(service)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_runs_as_root(name):
    if "build" in SERVICES[name]:
        assert user_of(SERVICES[name]["build"]["target"]) == "10001:10001"
    else:
        assert SERVICES[name]["user"] not in {"", "0", "root"}


@pytest.mark.parametrize("name", PERMANENT)
def test_a_part_has_a_healthcheck_limits_and_restarts(name):
    service = SERVICES[name]
    target = service.get("build", {}).get("target")
    assert "healthcheck" in service or "HEALTHCHECK" in stage(target)
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def stage(target: str) -> str:
    """Return the lines of the Dockerfile that build the target."""
    (found,) = re.findall(
        rf"^FROM \S+ AS {target}$(.*?)(?=^FROM |\Z)",
        (ROOT / "Dockerfile").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    return found


def user_of(target: str) -> str:
    return re.findall(r"^USER (.*)$", stage(target), re.MULTILINE)[-1]


def test_only_nginx_is_reached_from_outside():
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["nginx"]
    assert COMPOSE["networks"]["backend"]["internal"] is True
    for name, service in SERVICES.items():
        assert service["networks"] == ["edge" if name == "nginx" else "backend"]
        assert "network_mode" not in service


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_environment_contains_a_secret(name):
    environment = SERVICES[name].get("environment", {})
    secrets = {key: value for key, value in environment.items() if SECRET.search(key)}
    assert {key.endswith("_FILE") for key in secrets} <= {True}
    read = {value.removeprefix("/run/secrets/") for value in secrets.values()}
    assert read <= set(SERVICES[name].get("secrets", ()))


def test_third_party_images_have_fixed_versions():
    for name in ("postgres", "redis"):
        assert re.search(r":\d[\w.-]+$", SERVICES[name]["image"])
    assert re.search(
        r"^ARG BASE_IMAGE=debian:\d+-slim$", (ROOT / "Dockerfile").read_text(), re.M
    )


def test_services_start_after_the_migrations():
    for name in ("nginx", "web-0", "web-1", "worker", "beat"):
        condition = SERVICES[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def stop_times() -> dict[str, int]:
    """Return how many seconds supervisor waits for each program to stop."""
    found = re.findall(
        r"^\[program:(\w+)\].*?^stopwaitsecs=(\d+)$",
        read("deploy/supervisord.conf"),
        re.MULTILINE | re.DOTALL,
    )
    return {name: int(seconds) for name, seconds in found}


def test_containers_stop_no_sooner_than_supervisor():
    for name, seconds in stop_times().items():
        service = SERVICES["web-0" if name == "web" else name]
        assert service["stop_grace_period"] == f"{seconds}s"


def test_systemd_waits_while_supervisor_stops_everything():
    (limit,) = re.findall(r"^TimeoutStopSec=(\d+)$", read("deploy/todo.service"), re.M)
    assert sum(stop_times().values()) < int(limit)


def test_one_process_that_is_killed_for_memory_does_not_stop_the_others():
    assert re.search("^OOMPolicy=continue$", read("deploy/todo.service"), re.M)


def test_nginx_gets_no_secrets_from_supervisord():
    (command,) = re.findall(
        "^command=(.* nginx .*)$", read("deploy/supervisord.conf"), re.M
    )
    assert re.search(r" env -i PATH=\S+ nginx ", command)


@pytest.mark.parametrize(
    "path", ["deploy/compose/database.sh", "docs/deploy.md", "README.md"]
)
def test_no_command_has_a_secret_among_its_arguments(path):
    """Other users of the machine can read the arguments of every process."""
    secret = re.compile(
        r"""password=["']?\$|-H ["'][^"']*Bearer|redis-cli [^|]*-[au] """
    )
    commands = [line for line in read(path).splitlines() if not line.startswith("#")]
    assert [line for line in commands if secret.search(line)] == []


def test_the_nightly_backup_runs_in_the_container_that_serves():
    (line,) = [
        line
        for line in DEPLOY.splitlines()
        if "backup --verbosity" in line and "compose" in line
    ]
    assert line.startswith("docker compose exec -T web-0 ")
    assert "./compose/backups:/backups" in SERVICES["web-0"]["volumes"]
    run = re.findall("docker compose run (.*)", DEPLOY)
    assert [words for words in run if "--no-deps" not in words] == []


def test_inner_timeouts_are_shorter_than_outer_ones():
    (request,) = re.findall(r"^harakiri = (\d+)$", read("deploy/uwsgi.ini"), re.M)
    (proxy,) = re.findall(r"uwsgi_read_timeout (\d\d)s;", read("deploy/nginx.conf"))
    timeouts = [LOCK_TIMEOUT, STATEMENT_TIMEOUT, int(request), int(proxy)]
    timeouts.append(stop_times()["web"])
    assert timeouts == sorted(set(timeouts))
    assert REDIS_TIMEOUT < LOCK_TIMEOUT


def test_each_app_server_has_an_upstream():
    upstream = (ROOT / "deploy/compose/site/upstream.conf").read_text()
    named = set(re.findall(r"unix:/data/run/(web-\d)\.sock", upstream))
    assert named == {name for name in SERVICES if name.startswith("web-")}


def test_only_listed_files_are_sent_to_the_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    for rule in rules:
        assert not rule.startswith("!") or (ROOT / rule[1:]).exists()


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


def test_the_guide_names_only_existing_files():
    named = set(re.findall(r"(?<![\w/.-])(?:deploy|script|docs)/[\w./-]*\w", DEPLOY))
    named |= {f"docs/{link}" for link in re.findall(r"\]\(([^)#]+)\)", DEPLOY)}
    named |= {
        f"deploy/{path}" for path in re.findall(r"`(?:\S*/)?(site/\w+\.conf)", DEPLOY)
    }
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_guide_names_only_existing_commands():
    named = set(re.findall(r"(?:(?:^|&& |`)todo|manage\.py) (\w+)", DEPLOY, re.M))
    assert {"welcome", "backup", "restore", "migrate"} <= named <= set(get_commands())


def test_the_guide_names_only_existing_settings():
    example = set(re.findall(r"^#([A-Z_]+)=", read(".env.example"), re.MULTILINE))
    named = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)\b", DEPLOY))
    assert named <= example | OTHERS


def test_the_guide_names_only_existing_metrics():
    counted = re.findall(
        r'"(todo_\w+)"', read("todo_project/observability/metrics/counting.py")
    )
    sources = [path.read_text() for path in ROOT.glob("[a-z]*/**/*.py")]
    gauges = {name for text in sources for name in GAUGE.findall(text)}
    known = {*counted, *(f"todo_{name}" for name in gauges)}
    named = set(re.findall(r"\btodo_[a-z]\w+", DEPLOY)) - {"todo_before"}
    assert {re.sub("_(total|bucket)$", "", name) for name in named} <= known


# Settings of certbot, Redis, Docker and the build.
OTHERS = {
    "BASE_IMAGE",
    "DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER",
    "REDISCLI_AUTH",
    "RENEWED_LINEAGE",
}


def read(path: str) -> str:
    return (ROOT / path).read_text()
