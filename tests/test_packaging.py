"""The wheel is complete: installed without the checkout, it migrates and serves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests

from tests.checkout import REPOSITORY, copy_checkout
from tests.live.stack.places import free_ports
from tests.live.waiting import wait_until

RESOURCES = ("locale", "static", "templates")
CHECKOUT_ONLY = ("benchmarks", "tests")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packaging") / "checkout"
    copy_checkout(folder)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    offline = ("--no-build-isolation", "--no-deps", "--no-index")
    run(*PIP, "wheel", *offline, ".", "--wheel-dir", "dist", cwd=checkout)
    (made,) = (checkout / "dist").iterdir()
    return made


class Installation:
    """A virtual environment with the wheel, and an empty folder to run it in."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "empty"
        self.folder.mkdir()
        self.python = folder / "venv" / "bin" / "python"
        self.packages = (
            folder
            / "venv"
            / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
        )
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LOG_LEVEL": "ERROR"}
        self.data = folder / ".local" / "share" / "todo-service"
        venv.create(folder / "venv")
        # Use the requirements that the tests' locked environment has installed.
        (self.packages / "locked.pth").write_text(sysconfig.get_path("purelib"))
        self.pip("install", "--no-index", "--no-deps", str(wheel))

    def pip(self, *arguments: str) -> str:
        return run(*PIP, "--python", str(self.python), *arguments, cwd=self.folder)

    def todo(self, *arguments: str) -> str:
        return run(*self.command(*arguments), cwd=self.folder, env=self.env)

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python.with_name("todo")), *arguments]


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installation"), wheel)


@pytest.fixture(scope="module")
def service(installation: Installation) -> Iterator[str]:
    """Migrate, collect the static files and serve; yield the URL."""
    installation.todo("migrate", "--no-input")
    installation.todo("collectstatic", "--no-input")
    address = f"127.0.0.1:{free_ports(1)[0]}"
    server = subprocess.Popen(  # noqa: S603
        installation.command("runserver", "--noreload", address),
        cwd=installation.folder,
        env=installation.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def is_serving() -> bool:
        assert server.poll() is None
        try:
            return requests.get(f"http://{address}/livez", timeout=5).ok
        except requests.ConnectionError:
            return False

    try:
        wait_until(is_serving, what="the installed service answers")
        yield f"http://{address}"
    finally:
        server.kill()
        server.wait(10)


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_contains_exactly_the_packages_and_resources(checkout, wheel):
    packages = {
        folder.name: folder.name
        for folder in checkout.iterdir()
        if (folder / "__init__.py").exists() and folder.name not in CHECKOUT_ONLY
    }
    resources = {name: f"todo_project/resources/{name}" for name in RESOURCES}
    expected = {
        f"{place}/{file.relative_to(checkout / name).as_posix()}"
        for name, place in (packages | resources).items()
        for file in (checkout / name).rglob("*")
        if file.is_file()
    }
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == expected
    assert {"accounts", "core", "todos", "todo_project"} <= set(packages)


def test_the_locked_packages_satisfy_the_wheel(installation):
    assert "No broken requirements" in installation.pip("check")


def test_the_code_comes_from_the_wheel(installation):
    code = """
import sys, accounts, core, todo_project, todos
print(*(one.__path__[0] for one in (accounts, core, todo_project, todos)))
print(*sys.path)
"""
    output = installation.todo("shell", "--verbosity", "0", "--command", code)
    packages, path = (line.split() for line in output.splitlines())
    names = ("accounts", "core", "todo_project", "todos")
    assert packages == [str(installation.packages / name) for name in names]
    assert str(REPOSITORY) not in path


def test_the_checks_pass_in_an_empty_folder(installation):
    installation.todo("check", "--fail-level", "WARNING")


def test_an_invalid_setting_ends_a_command_with_a_sentence(installation):
    done = subprocess.run(  # noqa: S603
        installation.command("check"),
        cwd=installation.folder,
        env=installation.env | {"DEBUG": "yes"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "Configuration: DEBUG must be true or false, not 'yes'.\n"


def test_the_sign_in_page_and_its_files_are_served_in_both_languages(service):
    page = requests.get(f"{service}/admin/login/", timeout=10)
    assert page.status_code == 200
    assert "Sign in" in page.text
    chinese = requests.get(page.url, headers={"Accept-Language": "zh-CN"}, timeout=10)
    assert "登录" in chinese.text
    paths = re.findall(r'"(/static/look/[^"]+\.css)"', page.text)
    assert paths
    for path in paths:
        assert requests.get(f"{service}{path}", timeout=10).status_code == 200


def test_data_is_in_the_home_folder_and_not_in_the_current_one(installation, service):
    assert os.listdir(installation.folder) == []
    assert (installation.data / "todo.sqlite3").exists()
    assert not (installation.packages / "var").exists()
