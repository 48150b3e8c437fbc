""".env.example documents every setting; any invalid value prevents the start."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from todo_project import env

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = dict(
    re.findall(
        r"^#([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
)
# Their defaults depend on where and how the service is started.
DEPENDENT = {"LOG_FORMAT"}
INVALID = {
    "ALLOWED_HOSTS": "https://todo.example.com",
    "ALLOWED_PORTS": "0",
    "BASE_PATH": "todo",
    "BROKER_URL": "amqp://localhost",
    "CONN_MAX_AGE": "forever",
    "CSRF_TRUSTED_ORIGINS": "todo.example.com",
    "DATABASE_URL": "mysql://localhost/todo",
    "DEBUG": "yes",
    "FILE_MB": "0",
    "HTTPS": "on",
    "LIST_FILES_MB": "10 GB",
    "LOG_FORMAT": "xml",
    "LOG_LEVEL": "LOUD",
    "LOG_REQUESTS": "some",
    "QUEUE_SECONDS": "0",
    "REDIS_URL": "localhost:6379",
    "SECRET_KEY": "short",
    "SLOW_QUERY_MS": "-1",
    "SLOW_REQUEST_MS": "1.5",
    "TRASH_DAYS": "never",
    "TRUSTED_PROXIES": "proxy.example.com",
    "USER_FILES_MB": "-1",
}
# Any text is valid as a token, a key, a name of a store, or the path of a folder.
UNRESTRICTED = {
    "DATA_DIR",
    "METRICS_DIR",
    "OPERATOR_TOKEN",
    "S3_ACCESS_KEY",
    "S3_BUCKET",
    "S3_ENDPOINT",
    "S3_REGION",
    "S3_SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
}


@pytest.fixture
def clean_environment(monkeypatch, tmp_path):
    """Unset all variables, and keep the data in a temporary folder."""
    for name in EXAMPLE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return monkeypatch


@pytest.fixture
def read(clean_environment) -> dict[str, Any]:
    """Return the variables that the settings read, with their defaults."""
    defaults: dict[str, Any] = {}

    def recorded(reader):
        def record(name: str, *choices: str, **options: Any) -> Any:
            value = reader(name, *choices, **options)
            # After the call, since a reader may call another one with its own default.
            defaults[name] = options.get("default", "")
            return value

        return record

    for name in dir(env):
        if name.startswith("env_"):
            clean_environment.setattr(env, name, recorded(getattr(env, name)))
    runpy.run_path(str(ROOT / "todo_project" / "settings.py"))
    return defaults


def names_in(path: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (ROOT / path).read_text()))


def test_every_setting_is_in_the_example(read):
    assert set(read) <= set(EXAMPLE)


def test_every_default_in_the_example_is_correct(read, tmp_path):
    places = {"APP": str(ROOT), "DATA_DIR": str(tmp_path), "REDIS_URL": ""}
    for name, default in read.items():
        if name not in DEPENDENT:
            documented = Template(EXAMPLE[name]).substitute(places)
            known = str(default).lower() if isinstance(default, bool) else str(default)
            assert (name, documented) == (name, known)


def test_every_variable_in_the_example_is_used(read):
    compose = names_in("compose.yaml", r"\$\{([A-Z0-9_]+)")
    uwsgi = names_in("deploy/uwsgi.ini", r"(?:env = |\$\()([A-Z0-9_]+)")
    supervisor = names_in("deploy/supervisord.conf", r"%\(ENV_([A-Z0-9_]+)\)")
    gunicorn = names_in(
        "deploy/gunicorn.conf.py", r'(?:environ\.get|count_of)\("([A-Z0-9_]+)"'
    )
    server = {"HOST", "PORT"} & names_in("script/server", r"\b([A-Z]+)=")
    upgrade = names_in("script/upgrade", r"\b([A-Z0-9_]+)=\"?\$\{\1:-")
    compose |= names_in("deploy/compose/prepare", r"\$\{([A-Z_]+):-")
    assert compose | supervisor | upgrade <= set(EXAMPLE)
    others = compose | uwsgi | supervisor | gunicorn | server | upgrade
    assert set(EXAMPLE) <= set(read) | others


def test_compose_and_the_example_agree_on_defaults():
    for documented in names_in("compose.yaml", r"\$\{([A-Z0-9_]+:-[^}]*)\}"):
        name, _, default = documented.partition(":-")
        assert (name, EXAMPLE[name]) == (name, default)


def test_compose_sets_only_known_settings(read):
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for part in ("web-0", "web-1", "web-files", "worker", "beat", "migrate"):
        names = {name.removesuffix("_FILE") for name in services[part]["environment"]}
        assert names <= set(read) | {"INSTANCE", "WEB_PROCESSES"}


def test_every_setting_is_tested_with_an_invalid_value(read):
    assert set(INVALID) | UNRESTRICTED == set(read)


@pytest.mark.parametrize("name", sorted(INVALID))
def test_an_invalid_value_prevents_the_start_and_names_the_variable(
    clean_environment, name
):
    clean_environment.setenv(name, INVALID[name])
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} (must|is)") as refusal:
        runpy.run_path(str(ROOT / "todo_project" / "settings.py"))
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["DATABASE_URL", "OPERATOR_TOKEN", "REDIS_URL"])
def test_a_secret_may_come_from_a_file(clean_environment, tmp_path, name):
    value = {
        "DATABASE_URL": "sqlite:////srv/other.sqlite3",
        "OPERATOR_TOKEN": "from a file",
        "REDIS_URL": "redis://:word@redis:6379/0",
    }[name]
    (tmp_path / "secret").write_text(f"{value}\n")
    clean_environment.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    made = runpy.run_path(str(ROOT / "todo_project" / "settings.py"))
    if name == "DATABASE_URL":
        assert made["DATABASE"]["NAME"] == "/srv/other.sqlite3"
    else:
        assert made[name] == value
