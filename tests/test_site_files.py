"""What an upgrade adds to the configuration of an installation."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkout import REPOSITORY

SITE = REPOSITORY / "deploy" / "site"
OWN = """# our servers
server unix:/data/run/web-0.sock max_fails=10;
server 10.0.0.2:3031 max_fails=10;
"""
OWN_API = """server unix:/data/run/web-0.api.sock max_fails=10;
server 10.0.0.2:3031 max_fails=10;
"""
LIMITS = "max_fails=10 fail_timeout=2s max_conns=1000"
OWN_FILES = f"""server unix:/data/run/web-files.sock {LIMITS};
server unix:/data/run/web-0.api.sock max_fails=10 backup;
server 10.0.0.2:3031 max_fails=10 backup;
"""
ADDED = ("upstream_api.conf", "upstream_files.conf")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The configuration before there were servers for the API and for files."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    for name in ADDED:
        (site / name).unlink()
    return site


def add_site_files(site: Path) -> str:
    program = shutil.which("bash")
    assert program
    code = 'say() { echo "$1"; }; . script/site_files.sh; add_site_files'
    env = {
        "CONFIG_DIR": str(site.parent),
        "DATA_DIR": "/data",
        "release": str(REPOSITORY),
    }
    command = [program, "-euo", "pipefail", "-c", f"PATH=/usr/bin:/bin; {code}"]
    done = subprocess.run(  # noqa: S603  (our own script)
        command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_servers_of_the_api_and_of_files_are_those_of_the_installation(site: Path):
    (site / "upstream.conf").write_text(OWN)
    said = "".join(f"Added {site}/{name}.\n" for name in ADDED)
    assert add_site_files(site) == said
    assert (site / "upstream_api.conf").read_text() == OWN_API
    assert (site / "upstream_files.conf").read_text() == OWN_FILES
    assert add_site_files(site) == ""


def test_the_usual_servers_get_the_usual_file(site: Path):
    add_site_files(site)
    for name in ADDED:
        assert (site / name).read_text() == (SITE / name).read_text()
