"""The files for running the service in containers, without a container engine."""

from __future__ import annotations

import json
import re
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
OURS = ["nginx", "web-0", "web-1", "web-files", "worker", "beat", "migrate"]
PERMANENT = sorted(set(SERVICES) - {"migrate"})
GAUGE = re.compile(r'Gauge\("(\w+)"')
DEPLOY = (ROOT / "docs/deploy.md").read_text()
SECRET = re.compile("SECRET|KEY|PASSWORD|TOKEN|DATABASE_URL")


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
    for name in set(OURS) - {"migrate"}:
        condition = SERVICES[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def stop_times() -> dict[str, int]:
    """Return how many seconds supervisor waits for each program to stop."""
    found = re.findall(
        r"^\[program:([\w-]+)\].*?^stopwaitsecs=(\d+)$",
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


def test_transfers_end_in_nginx_before_they_end_in_the_app_server():
    nginx, uwsgi = read("deploy/nginx.conf"), read("deploy/uwsgi_files.ini")
    pauses = re.findall(r"^ {12}(?:client_body|send)_timeout (\d+)s;", nginx, re.M)
    options = dict(re.findall(r"^([\w-]+) = (\d+)$", uwsgi, re.M))
    assert len(pauses) == 2
    assert max(map(int, pauses)) < int(options["socket-timeout"])
    mercies = [int(options[f"{part}reload-mercy"]) for part in ("worker-", "")]
    assert [*mercies, stop_times()["web-files"]] == sorted(
        {*mercies, stop_times()["web-files"]}
    )


@pytest.mark.parametrize(
    ("file", "ending"), [("upstream", "sock"), ("upstream_api", "api.sock")]
)
def test_each_app_server_has_an_upstream(file, ending):
    upstream = read(f"deploy/compose/site/{file}.conf")
    named = set(re.findall(rf"unix:/data/run/(web-\d)\.{ending} ", upstream))
    assert named == {name for name in SERVICES if re.fullmatch(r"web-\d", name)}


def test_files_are_served_by_the_other_app_servers_if_theirs_is_not_running():
    upstream = read("deploy/compose/site/upstream_files.conf")
    assert re.findall(r"unix:/data/run/(\S+)\.sock.*?( backup)?;", upstream) == [
        ("web-files", ""),
        ("web-0.api", " backup"),
        ("web-1.api", " backup"),
    ]


def test_only_listed_files_are_sent_to_the_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    for rule in rules:
        assert not rule.startswith("!") or (ROOT / rule[1:]).exists()


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
