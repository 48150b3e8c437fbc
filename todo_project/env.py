"""Strict readers of environment variables: invalid values stop start-up."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

# A host, all subdomains of one, an address, or *: as in Django's ALLOWED_HOSTS.
_HOST = re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9a-fA-F:.]+\]", re.ASCII)
_PORT = re.compile(r"\*|[1-9]\d{0,4}", re.ASCII)
_ORIGIN = re.compile(r"https?://(\*\.)?[\w-]+(\.[\w-]+)*(:\d{1,5})?", re.ASCII)
_INCOMPLETE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# For URLs with a password or path.
ENCODE = (
    "Special characters in a user name, password or path must be percent-encoded: / as "
    "%2F, ? as %3F, # as %23, @ as %40, [ as %5B, ] as %5D, % as %25."
)
_BASE_PATH = re.compile(r"(/[A-Za-z0-9._-]+)*/?", re.ASCII)
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def env_str(name: str, *, default: str = "") -> str:
    """Return the variable, or the content of the file that NAME_FILE points to."""
    if path := os.environ.get(f"{name}_FILE"):
        if name in os.environ:
            raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
        return _read(name, Path(path))
    return os.environ.get(name, default)


def env_path(name: str, *, default: Path) -> Path:
    """Return the absolute path; an empty variable means the default."""
    return Path(env_str(name) or default).absolute()


def user_data_dir(name: str) -> Path:
    """Return the user's data directory (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_DATA_HOME", "")
    if not Path(home).is_absolute():
        # Path.expanduser raises without a home directory, even if DATA_DIR is set.
        home = os.path.expanduser("~/.local/share")
    return Path(home) / name


def env_bool(name: str, *, default: bool) -> bool:
    """Return a boolean; refuse anything but true, false, 1 and 0."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        return _BOOLEANS[raw.lower()]
    except KeyError:
        raise ImproperlyConfigured(
            f"{name} must be true or false, not {raw!r}."
        ) from None


def env_choice(name: str, *choices: str, default: str) -> str:
    """Return one of the choices, in its canonical spelling; ignore case."""
    raw = os.environ.get(name, default)
    for choice in choices:
        if raw.lower() == choice.lower():
            return choice
    listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
    raise ImproperlyConfigured(f"{name} must be {listed}.")


def env_base_path(name: str) -> str:
    """Return the path below which all URLs are, such as /todo, or an empty string."""
    raw = env_str(name)
    if not _BASE_PATH.fullmatch(raw):
        raise ImproperlyConfigured(f"{name} must be a path such as /todo, not {raw!r}.")
    return raw.rstrip("/")


def env_int(name: str, *, default: int, minimum: int, maximum: int) -> int:
    """Return a whole number from `minimum` to `maximum`, both included."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    is_number = raw.isascii() and raw.isdigit() and len(raw) < 20
    if not (is_number and minimum <= int(raw) <= maximum):
        raise ImproperlyConfigured(
            f"{name} must be a whole number from {minimum} to {maximum}, not {raw!r}."
        )
    return int(raw)


def env_list(name: str, *, default: str = "") -> list[str]:
    """Return the comma-separated values, without white space and empty ones."""
    return [
        part.strip()
        for part in env_str(name, default=default).split(",")
        if part.strip()
    ]


def env_hosts(name: str, *, default: str) -> list[str]:
    """Return comma-separated host names; refuse URLs and ports."""
    return _matching(name, env_list(name, default=default), _HOST, "host names")


def env_ports(name: str) -> list[str]:
    """Return comma-separated port numbers; * is any port."""
    return _matching(name, env_list(name), _PORT, "port numbers, or *")


def env_origins(name: str) -> list[str]:
    """Return comma-separated origins such as https://todo.example.com, without path."""
    return _matching(
        name, env_list(name), _ORIGIN, "origins such as https://todo.example.com"
    )


def env_key(name: str) -> str:
    """Return a secret of at least 50 characters, or an empty string."""
    key = env_str(name)
    if key and len(key) < 50:
        raise ImproperlyConfigured(f"{name} must have at least 50 characters.")
    return key


def env_database(name: str, *, default: str) -> dict[str, Any]:
    """Return Django's database settings for sqlite:///path or postgres://….

    Query parameters of a postgres URL become libpq options, such as sslmode.
    """
    url = env_str(name, default=default)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"{name} is not a URL. {ENCODE}") from None
    if has_unencoded(parts):
        raise ImproperlyConfigured(f"{name} is ambiguous. {ENCODE}")
    if parts.scheme == "sqlite" and parts.path.strip("/"):
        path = "/" + unquote(parts.path).lstrip("/")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": path}
    if parts.scheme in {"postgres", "postgresql"} and parts.path.strip("/"):
        options = dict(parse_qsl(parts.query))
        try:
            make_conninfo("", **options)
        except ProgrammingError as error:
            raise ImproperlyConfigured(f"{name}: {error}.") from None
        return {
            "ENGINE": "core.db.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            # As in libpq, the query names the directory of a socket: ?host=/run/x
            "HOST": unquote(parts.hostname or "") or options.pop("host", ""),
            "PORT": str(port or ""),
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(
        f"{name} must look like sqlite:////path/to/file or "
        f"postgres://user:password@host:5432/name. {ENCODE}"
    )


def has_unencoded(parts: SplitResult) -> bool:
    """Return whether a character ended a part of the URL that it seems to belong to.

    In postgres://user:12/34@host/name the slash of the password ends the host "user".
    """
    is_file = parts.scheme == "sqlite"
    return (
        bool(parts.fragment)
        or bool(is_file and parts.query)
        or (not is_file and "@" in parts.path)
        or ("@" in parts.query and bool(parts.netloc) and "@" not in parts.netloc)
        or bool(_INCOMPLETE.search(parts.netloc + parts.path))
    )


def env_redis(name: str, *, default: str = "") -> str:
    """Return a Redis URL (redis://host:6379/0, unix:///path?db=0), or an empty one."""
    url = env_str(name, default=default)
    if url and not is_redis(url):
        raise ImproperlyConfigured(
            f"{name} must look like redis://:password@host:6379/0 or "
            f"unix:///path/to/redis.sock?db=0. {ENCODE}"
        )
    return url


def is_redis(url: str) -> bool:
    """Return whether this is a Redis URL that each of our clients can read."""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return False
    if parts.scheme == "unix":
        place, database = parts.path, dict(parse_qsl(parts.query)).get("db", "0")
    else:
        place, database = parts.hostname or "", parts.path.strip("/") or "0"
    is_known = parts.scheme in {"redis", "rediss", "unix"}
    return (
        is_known and not has_unencoded(parts) and bool(place) and database.isdecimal()
    )


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return comma-separated addresses and networks: 10.0.0.1, fd00::/8."""
    networks = []
    for part in env_list(name):
        try:
            networks.append(ip_network(part))
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must list addresses and networks, not {part!r}."
            ) from None
    return networks


def _matching(
    name: str, parts: list[str], pattern: re.Pattern[str], what: str
) -> list[str]:
    for part in parts:
        if not pattern.fullmatch(part):
            raise ImproperlyConfigured(f"{name} must list {what}, not {part!r}.")
    return parts


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE cannot be read: {error.strerror}."
        ) from error
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{name}_FILE must contain UTF-8 text.") from None
