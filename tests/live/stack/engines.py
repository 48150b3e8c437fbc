"""PostgreSQL and Redis of the test deployment, under its supervisor."""

from __future__ import annotations

from pathlib import Path

from tests.live.stack.places import POSTGRES_USER, RUN_USER, Places, make_folder, run_as

REDIS = """
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
maxmemory 64mb
maxmemory-policy volatile-lru
save ""
"""
PROGRAMS = """
[program:postgresql]
command={app}/deploy/start mark {postgres} -D data -k {postgresql} -c listen_addresses=
    -c log_lock_waits=on
directory={postgresql}
user={postgres_user}
priority=10
autorestart=true
startretries=1000000
stopsignal=INT
stopwaitsecs=20
redirect_stderr=true
stdout_logfile={data}/log/postgresql.log

[program:redis]
command={app}/deploy/start mark redis-server redis.conf
directory={redis}
user={run_user}
priority=10
autorestart=true
startretries=1000000
redirect_stderr=true
stdout_logfile={data}/log/redis.log
"""


def postgresql_program(name: str) -> Path:
    """Return the path of a program of the newest PostgreSQL that is installed."""
    found = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return max(found, key=lambda path: int(path.parts[-3]))


def write_engines(places: Places) -> None:
    """Write what the supervisor is to keep beside the service itself."""
    make_folder(places.redis, owner=RUN_USER, mode=0o700)
    (places.redis / "redis.conf").write_text(
        REDIS.format(
            port=places.redis_port,
            password=places.redis_password,
            folder=places.redis,
        )
    )
    (places.config / "supervisor").mkdir()
    (places.config / "supervisor" / "engines.conf").write_text(
        PROGRAMS.format(
            app=places.app,
            data=places.data,
            postgresql=places.postgresql,
            redis=places.redis,
            postgres=postgresql_program("postgres"),
            postgres_user=POSTGRES_USER,
            run_user=RUN_USER,
        )
    )


def make_cluster(places: Places) -> None:
    """Make an empty database of a role that owns it and nothing else.

    The server that does it is left running, without care for a loss of power; the
    one that the supervisor starts later takes that care.
    """
    make_folder(places.postgresql, owner=POSTGRES_USER, mode=0o755)
    data = places.postgresql / "data"
    initdb, pg_ctl = postgresql_program("initdb"), postgresql_program("pg_ctl")
    run_as(
        POSTGRES_USER, initdb, f"--pgdata={data}", "--username=postgres",
        "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    run_as(
        POSTGRES_USER, pg_ctl, "start", "--wait", f"--pgdata={data}",
        f"--log={places.postgresql}/log",
        f"--options=-k {places.postgresql} -c listen_addresses= -c fsync=off",
    )  # fmt: skip
    for statement in ("CREATE ROLE todo LOGIN", "CREATE DATABASE todo OWNER todo"):
        run_as(
            POSTGRES_USER, "psql", "--host", places.postgresql,
            "--username=postgres", "--command", statement,
        )  # fmt: skip


def stop_cluster(places: Places) -> None:
    """Stop the server that `make_cluster` left running."""
    data = places.postgresql / "data"
    run_as(
        POSTGRES_USER, postgresql_program("pg_ctl"), "stop", "--mode=fast",
        f"--pgdata={data}",
    )  # fmt: skip
