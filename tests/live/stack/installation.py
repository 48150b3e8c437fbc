"""The installation steps of an operator: a release, configuration, a certificate."""

from __future__ import annotations

import compileall
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.checkout import REPOSITORY, copy_checkout
from tests.live.stack.engines import make_cluster, stop_cluster, write_engines
from tests.live.stack.places import (
    AS_ROOT,
    RUN_USER,
    Places,
    make_folder,
    run,
)

# What differs from the examples that ship; the limits would be in the way of load.
SITE = {
    "main": "{user}worker_processes 2;\n",
    "listen": "listen 127.0.0.1:{https_port} ssl http2 backlog=4096;\n",
    "redirect": (
        'listen 127.0.0.1:{http_port} backlog=4096;\nset $https_port ":{https_port}";\n'
    ),
    "names": "{names}",
    "certificate": "ssl_certificate {certificate};\nssl_certificate_key {key};\n",
    "upstream": "{upstream}",
    "upstream_api": "{upstream_api}",
    "upstream_files": "{upstream_files}",
    "limits": "{limits}",
    "transfers": "{transfers}",
}
HIGH_LIMITS = {
    "rate=50r/s": "rate=100000r/s",
    "burst=200": "burst=100000",
    "connections 100;": "connections 20000;",
}


def install(places: Places) -> None:
    """Install what ships, with an empty database that has all its tables."""
    places.config.mkdir()
    copy_release(places, "1")
    places.app.symlink_to("releases/1")
    make_data_folders(places)
    write_engines(places)
    with ThreadPoolExecutor() as pool:
        database = pool.submit(make_database, places)
        static = pool.submit(manage, places, "collectstatic", "--no-input")
        compileall.compile_dir(places.app, quiet=2)  # who runs it may not write there
        make_certificate(places)
    database.result(), static.result()
    if AS_ROOT:  # the service user collects the static files of the next release
        run("chown", "--recursive", RUN_USER, places.data / "static")
    write_configuration(places)


def copy_release(places: Places, name: str) -> Path:
    """Copy the working tree as a release; the environment is the repository's."""
    release = places.home / "releases" / name
    copy_checkout(release)
    (release / ".venv").symlink_to(REPOSITORY / ".venv")
    return release


def make_data_folders(places: Places) -> None:
    """Make the folders of /var/lib/todo as script/upgrade does."""
    places.data.mkdir(mode=0o755)
    (places.data / "log").mkdir()
    for name in ("static", "media", "metrics"):
        make_folder(places.data / name, owner=RUN_USER, mode=0o755)
    # Root writes here too: sticky, so that users cannot replace each other's files.
    make_folder(places.data / "run", owner="root" if AS_ROOT else RUN_USER, mode=0o1777)
    (places.data / "run" / "reload").touch()


def make_database(places: Places) -> None:
    make_cluster(places)
    try:
        manage(places, "migrate", "--no-input", "--skip-checks")
    finally:
        stop_cluster(places)


def make_certificate(places: Places) -> None:
    names = ",".join(
        f"IP:{name}" if name[0].isdigit() else f"DNS:{name}" for name in places.names
    )
    run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=todo.test", "-addext", f"subjectAltName={names}",
        "-keyout", places.config / "key.pem", "-out", places.certificate,
    )  # fmt: skip


def write_configuration(places: Places) -> None:
    """Write /etc/todo: links into the release, and what differs between machines."""
    for name in ("nginx.conf", "nginx"):
        (places.config / name).symlink_to(places.app / "deploy" / name)
    lines = [f"{name}={value}\n" for name, value in places.settings.items()]
    (places.config / "todo.env").write_text("".join(lines))
    site = places.config / "site"
    shutil.copytree(places.app / "deploy" / "site", site)
    filled = {
        "user": f"user {RUN_USER};\n" if AS_ROOT else "",
        "https_port": places.https_port,
        "http_port": places.http_port,
        "names": "".join(f"{name} yes;\n" for name in places.names),
        "certificate": places.certificate,
        "key": places.config / "key.pem",
        **{
            name: changed(site / f"{name}.conf", {"/var/lib/todo": places.data})
            for name in ("upstream", "upstream_api", "upstream_files")
        },
        "transfers": changed(site / "transfers.conf", {"16;": "1000;"}),
        "limits": changed(site / "limits.conf", HIGH_LIMITS),
    }
    for name, text in SITE.items():
        (site / f"{name}.conf").write_text(text.format(**filled))


def changed(path: Path, replacements: dict[str, Any]) -> str:
    """Return the text with what is replaced in it, all of which it must hold."""
    text = path.read_text()
    for old, new in replacements.items():
        if old not in text:
            raise RuntimeError(f"{path.name} does not hold {old!r}.")
        text = text.replace(old, str(new))
    return text


def manage(places: Places, *arguments: str) -> str:
    """Run a management command; raise with what it printed when it fails."""
    python = places.app / ".venv" / "bin" / "python"
    return run(
        python, places.app / "manage.py", *arguments, env=places.env, cwd=places.folder
    )


def try_to_manage(
    places: Places, *arguments: str, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a management command and return how it ended; `input` is its stdin."""
    python, script = places.app / ".venv" / "bin" / "python", places.app / "manage.py"
    return subprocess.run(  # noqa: S603
        [str(python), str(script), *arguments],
        env=places.env,
        cwd=places.folder,
        capture_output=True,
        text=True,
        check=False,
        **({"input": ""} | options),
    )
