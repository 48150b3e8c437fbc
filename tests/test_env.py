"""Settings from the environment: an invalid value prevents the start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured

from todo_project.env import (
    env_base_path,
    env_bool,
    env_database,
    env_hosts,
    env_int,
    env_list,
    env_networks,
    env_origins,
    env_path,
    env_redis,
    env_str,
    user_data_dir,
)
from todo_project.secret_key import stored_secret

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("raw", "value"), [("true", True), ("False", False), ("1", True), ("0", False)]
)
def test_a_boolean_is_read(monkeypatch, raw, value):
    monkeypatch.setenv("FLAG", raw)
    assert env_bool("FLAG", default=not value) is value


@pytest.mark.parametrize("raw", ["yes", "", "on", "2", "true "])
def test_an_invalid_boolean_is_refused_by_name(monkeypatch, raw):
    monkeypatch.setenv("FLAG", raw)
    with pytest.raises(ImproperlyConfigured, match="FLAG must be true or false"):
        env_bool("FLAG", default=True)


def test_a_missing_variable_takes_its_default(monkeypatch):
    monkeypatch.delenv("ABSENT", raising=False)
    assert env_bool("ABSENT", default=True) is True
    assert env_int("ABSENT", default=3, minimum=1, maximum=5) == 3
    assert env_list("ABSENT", default="a, b,") == ["a", "b"]
    assert env_str("ABSENT", default="x") == "x"


@pytest.mark.parametrize("raw", ["0", "6", "-1", "2.5", "", "٣", "9" * 5000, "0x2"])
def test_an_invalid_number_is_refused_by_name(monkeypatch, raw):
    monkeypatch.setenv("COUNT", raw)
    with pytest.raises(ImproperlyConfigured, match="COUNT must be a whole number"):
        env_int("COUNT", default=1, minimum=1, maximum=5)


@pytest.mark.parametrize(
    ("raw", "value"), [("", ""), ("/", ""), ("/todo", "/todo"), ("/a/b-c/", "/a/b-c")]
)
def test_a_base_path_is_read(monkeypatch, raw, value):
    monkeypatch.setenv("BASE", raw)
    assert env_base_path("BASE") == value


@pytest.mark.parametrize("raw", ["todo", "//", "/a//b", "/a b", "/a?b", "/é", "/a\n"])
def test_an_invalid_base_path_is_refused_by_name(monkeypatch, raw):
    monkeypatch.setenv("BASE", raw)
    with pytest.raises(ImproperlyConfigured, match="BASE must be a path such as /todo"):
        env_base_path("BASE")


UNENCODED = [
    f"postgres://todo:{password}@db/todo"
    for password in ("p/ss", "12/34", "p#ss", "p?ss", "p[ss", "50%", "50%z1", "/", "#")
]


@pytest.mark.parametrize("url", [*UNENCODED, "sqlite:////srv/a#b", "sqlite:////a?b"])
def test_an_unencoded_character_in_a_url_is_explained(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured) as refused:
        env_database("DATABASE_URL", default="")
    assert "must be percent-encoded: / as %2F" in str(refused.value)
    assert "ss" not in str(refused.value).replace("password", "")


@pytest.mark.parametrize("password", ["p/ss", "12/34", "#?[]@%:", "50%", "é 好", "a@b"])
def test_a_percent_encoded_password_is_read(monkeypatch, password):
    url = f"postgres://todo:{quote(password, safe='')}@db/todo"
    monkeypatch.setenv("DATABASE_URL", url)
    assert env_database("DATABASE_URL", default="")["PASSWORD"] == password


@pytest.mark.parametrize("password", ["p/ss", "12/34", "p#ss", "p?ss"])
def test_an_unencoded_character_in_the_password_of_redis_is_explained(
    monkeypatch, password
):
    monkeypatch.setenv("REDIS_URL", f"redis://:{password}@cache:6379/0")
    with pytest.raises(ImproperlyConfigured, match="must be percent-encoded"):
        env_redis("REDIS_URL")


@pytest.mark.parametrize("raw", ["0" * 30 + "9" * 9, "0" * 5000])
def test_leading_zeros_do_not_hide_a_large_number(monkeypatch, raw):
    monkeypatch.setenv("COUNT", raw)
    with pytest.raises(ImproperlyConfigured, match="COUNT must be a whole number"):
        env_int("COUNT", default=1, minimum=0, maximum=5)


def test_an_empty_path_is_the_default_and_not_the_current_folder(monkeypatch, tmp_path):
    for raw in ("", None):
        monkeypatch.delenv("PLACE", raising=False)
        if raw is not None:
            monkeypatch.setenv("PLACE", raw)
        assert env_path("PLACE", default=tmp_path) == tmp_path
    monkeypatch.setenv("PLACE", "below")
    assert env_path("PLACE", default=tmp_path) == Path.cwd() / "below"


@pytest.mark.parametrize(
    ("home", "folder"),
    [
        ("/srv/data", "/srv/data/todo"),
        ("", "/home/ada/.local/share/todo"),
        ("data", "/home/ada/.local/share/todo"),
    ],
)
def test_the_data_folder_of_a_user_follows_the_xdg_specification(
    monkeypatch, home, folder
):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_DATA_HOME", home)
    assert user_data_dir("todo") == Path(folder)


def test_a_secret_is_read_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("hidden\n")
    monkeypatch.delenv("WORD", raising=False)
    monkeypatch.setenv("WORD_FILE", str(tmp_path / "secret"))
    assert env_str("WORD") == "hidden"


def test_a_file_that_cannot_be_read_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("WORD", raising=False)
    monkeypatch.setenv("WORD_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match="WORD_FILE cannot be read"):
        env_str("WORD")


def test_a_file_that_is_not_text_is_named(monkeypatch, tmp_path):
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    monkeypatch.delenv("WORD", raising=False)
    monkeypatch.setenv("WORD_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match="WORD_FILE must contain UTF-8 text"):
        env_str("WORD")


def test_a_variable_and_its_file_together_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("WORD", "a")
    monkeypatch.setenv("WORD_FILE", str(tmp_path))
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env_str("WORD")


def test_a_database_url_is_parsed(monkeypatch):
    monkeypatch.setenv(
        "DB", "postgres://me:p%40ss@db.example:6543/todo?sslmode=require"
    )
    assert env_database("DB", default="") == {
        "ENGINE": "core.db.postgresql",
        "NAME": "todo",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6543",
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_socket_can_be_given_in_the_query(monkeypatch):
    monkeypatch.setenv("DB", "postgres://me@/todo?host=/run/postgresql")
    assert env_database("DB", default="")["HOST"] == "/run/postgresql"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://x/y",
        "postgres://host",
        "sqlite://",
        "nonsense",
        "postgres://h:x/y",
        "postgres://h/y?hosst=x",
    ],
)
def test_an_invalid_database_url_is_refused_by_name(monkeypatch, url):
    monkeypatch.setenv("DB", url)
    with pytest.raises(ImproperlyConfigured, match="DB"):
        env_database("DB", default="")


def test_the_stored_secret_is_created_once_and_private(tmp_path):
    path = tmp_path / "new" / "secret_key"
    secret = stored_secret(path)
    assert len(secret) > 50
    assert stored_secret(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DEBUG": "yes"}, "DEBUG must be true or false"),
        ({"HTTPS": "maybe"}, "HTTPS must be true or false"),
        ({"TRASH_DAYS": "0"}, "TRASH_DAYS must be a whole number from 1"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL must be DEBUG, INFO"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT must be json or line."),
        ({"ALLOWED_HOSTS": "https://x.org"}, "ALLOWED_HOSTS must list host names"),
        ({"CSRF_TRUSTED_ORIGINS": "x.org"}, "CSRF_TRUSTED_ORIGINS must list origins"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must have at least 50 characters"),
        ({"DATABASE_URL": "oracle://x/y"}, "DATABASE_URL must look like"),
        ({"DATABASE_URL": "postgres://u@h/n", "SECRET_KEY": ""}, "SECRET_KEY (or"),
    ],
)
def test_an_invalid_setting_prevents_the_start_with_one_sentence(
    tmp_path, variables, sentence
):
    environment = os.environ | {"DATA_DIR": str(tmp_path)} | variables
    check = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 1
    assert sentence in check.stderr
    assert len(check.stderr.strip().splitlines()) == 1
    assert check.stdout == ""


def test_an_app_server_prints_the_sentence_without_a_traceback(tmp_path):
    started = subprocess.run(
        [sys.executable, "-c", "import todo_project.wsgi"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path), "DEBUG": "yes"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr.strip().endswith("DEBUG must be true or false, not 'yes'.")
    assert len(started.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "url", ["", "redis://:pw@127.0.0.1:6379/1", "unix:///run/redis.sock?db=1"]
)
def test_a_redis_url_is_accepted(monkeypatch, url):
    monkeypatch.setenv("PLACE", url)
    assert env_redis("PLACE") == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost",
        "http://redis",
        "redis://",
        "unix://",
        "redis://[::1",
        "redis://host:many/0",
        "redis://host/zero",
        "unix:///run/redis.sock?db=zero",
    ],
)
def test_an_invalid_redis_url_is_refused_by_name(monkeypatch, url):
    monkeypatch.setenv("PLACE", url)
    with pytest.raises(ImproperlyConfigured, match="PLACE must look like redis://"):
        env_redis("PLACE")


def test_networks_are_read(monkeypatch):
    monkeypatch.setenv("NETS", "10.0.0.1, fd00::/8")
    assert [str(net) for net in env_networks("NETS")] == ["10.0.0.1/32", "fd00::/8"]


def test_an_invalid_network_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("NETS", "10.0.0.1/8")
    with pytest.raises(ImproperlyConfigured, match="NETS must list addresses"):
        env_networks("NETS")


@pytest.mark.parametrize(
    "hosts", ["a.example", ".example.com", "*", "10.0.0.1", "[::1]", "todo_web"]
)
def test_a_host_name_is_read(monkeypatch, hosts):
    monkeypatch.setenv("NAMES", hosts)
    assert env_hosts("NAMES", default="") == [hosts]


@pytest.mark.parametrize("hosts", ["a.example:80", "https://a", "a/b", "a b", "::1"])
def test_an_invalid_host_name_is_refused_by_name(monkeypatch, hosts):
    monkeypatch.setenv("NAMES", hosts)
    with pytest.raises(ImproperlyConfigured, match="NAMES must list host names"):
        env_hosts("NAMES", default="")


@pytest.mark.parametrize("origin", ["https://a.example:8443", "http://*.example.com"])
def test_an_origin_is_read(monkeypatch, origin):
    monkeypatch.setenv("PLACES", origin)
    assert env_origins("PLACES") == [origin]


@pytest.mark.parametrize("origin", ["a.example", "ftp://a", "https://", "https://a/b"])
def test_an_invalid_origin_is_refused_by_name(monkeypatch, origin):
    monkeypatch.setenv("PLACES", origin)
    with pytest.raises(ImproperlyConfigured, match="PLACES must list origins"):
        env_origins("PLACES")
