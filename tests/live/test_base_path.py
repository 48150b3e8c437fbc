"""The service below a path, as one of several on a host."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.images import opened, picture
from tests.live.embedded import UWSGI, Embedded
from tests.live.nginx import Nginx

BASE = "/todo"
FACE = f"/media/public/avatars/{'0' * 32}-64.webp"  # without a file
PASSWORD = "a pale moon over the harbour"
SET_PASSWORD = f"""
from django.utils import timezone
from accounts.models import User
from accounts.services.passwords import hash_password
from accounts.services.people import set_password
set_password(actor=None, person=User.objects.get(), now=timezone.now(),
             password_hash=hash_password({PASSWORD!r}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    folder = tmp_path_factory.mktemp("below")
    with Embedded(folder, BASE_PATH=BASE) as server:
        (folder / "run").mkdir()
        server.manage("migrate", "--no-input", "--skip-checks")
        server.manage("collectstatic", "--no-input", "--skip-checks")
        server.manage("welcome", "--skip-checks")
        server.manage("shell", "--verbosity", "0", "--command", SET_PASSWORD)
        server.start(UWSGI)
        yield server
    shutil.rmtree(folder)


def paths_in(page: str) -> set[str]:
    """Return the paths on this host that a page leads to or loads."""
    found = re.findall(r'(?:href|src|action|url)="(/[^"]*)"', page)
    assert found
    return set(found)


@pytest.mark.parametrize("prefix", [BASE, ""], ids=["whole path", "path removed"])
def test_pages_stay_below_the_path(server: Embedded, prefix: str):
    """Proxies pass on the whole path, or remove what they have matched."""
    with server.client() as browser:
        login = browser.get(f"{prefix}/admin/", allow_redirects=False)
        assert login.headers["Location"] == "/todo/admin/login/?next=/todo/admin/"
        form = browser.get(f"{prefix}/admin/login/")
        token = re.findall('csrfmiddlewaretoken" value="([^"]+)"', form.text)[0]
        home = browser.post(
            f"{BASE}/admin/login/",
            data={
                "username": "admin", "password": PASSWORD,
                "csrfmiddlewaretoken": token, "next": "/todo/admin/",
            },
        )  # fmt: skip
        assert home.url == f"{server.url}/todo/admin/"
        docs = browser.get("/todo/api/v1/docs")
        missing = browser.get("/todo/nothing")
        assert missing.status_code == 404
        for page in (form, home, docs, missing):
            outside = {p for p in paths_in(page.text) if not p.startswith("/todo/")}
            assert outside == set()
        for path in paths_in(form.text + docs.text):
            if path.startswith("/todo/static/"):
                assert browser.get(path).status_code == 200
        cookies = {cookie.name: cookie.path for cookie in browser.cookies}
        assert {"sessionid_todo", "csrftoken_todo"} <= set(cookies)
        assert set(cookies.values()) == {"/todo/"}


@pytest.mark.parametrize("path", ["/todo", "/todo/"])
def test_the_path_itself_leads_to_the_home_page(server: Embedded, path: str):
    answer = requests.get(server.url + path, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/todo/admin/")


def test_addresses_in_the_api_stay_below_the_path(server: Embedded):
    todos = f"{server.url}/todo/api/v1/todos"
    with server.client(key=server.new_key()) as client:
        made = client.post(todos, data={"content": "first"})
        assert made.headers["Location"] == f"{todos}/{made.json()['id']}"
        assert client.get(made.headers["Location"]).status_code == 200
        client.post(todos, data={"content": "second"})
        first = client.get(f"{todos}?page_size=1").json()
        assert first["next"].startswith(f"{todos}?")
        assert client.get(first["next"]).status_code == 200
        document = client.get("/todo/api/v1/schema").json()
        assert document["servers"] == [{"url": BASE}]
        missing = client.get("/todo/api/v1/nothing")
        assert missing.headers["Content-Type"] == "application/problem+json"


def test_pictures_stay_below_the_path(server: Embedded):
    with server.client(key=server.new_key()) as client:
        profile = client.put("/todo/api/v1/me/avatar", data=picture()).json()
        assert profile["avatar_url"].startswith(f"{server.url}/todo/media/public/")
        assert opened(client.get(profile["avatar_url"]).content).size == (256, 256)


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    """nginx with the lines of site/base_path.conf that serve below a path."""
    shipped = Path(__file__).parents[2] / "deploy/site/base_path.conf"
    lines = re.findall("^# (.*;)$", shipped.read_text(), re.MULTILINE)
    site = {"base_path": "\n".join(lines), "admin": "deny all;\n"}
    with Nginx(site=site) as nginx:
        yield nginx


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/todo/admin/?a=1", "/admin/"),
        ("/todo", "/"),
        ("/todo/", "/"),
        ("/todo/api/v1/todos", "/api/v1/todos"),
        ("/todolist", "/todolist"),
        (f"/todo{FACE}", FACE),
    ],
)
def test_nginx_removes_the_path(nginx: Nginx, path: str, seen: str):
    assert nginx.received(path)["PATH_INFO"] == seen


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("", 200),
        ("login/", 200),
        ("todos/todo/", 200),
        ("accounts/user/me/", 200),
        ("accounts/apikey/", 200),
        ("accounts/user/", 403),
        ("accounts/role/1/change/", 403),
        ("core/event/", 403),
        ("/core/event/", 403),
    ],
)
def test_only_the_pages_of_administrators_are_restricted(nginx: Nginx, page, status):
    with nginx.client() as client:
        assert client.get(f"/todo/admin/{page}").status_code == status


def test_nginx_serves_files_and_refusals_below_the_path(nginx: Nginx):
    (nginx.data / "static" / "a.css").write_text("a {}")
    with nginx.client() as client:
        assert client.get("/todo/static/a.css").text == "a {}"
        refused = client.post("/todo/static/a.css")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
        assert 'href="/todo/"' in refused.text
        large = client.post("/todo/api/v1/todos", data=b"x" * 2_000_000)
        assert large.headers["Content-Type"] == "application/problem+json"
        moved = client.get(f"{nginx.http_url}/todo/a?b=c", allow_redirects=False)
        assert moved.headers["Location"].endswith(f":{nginx.https_port}/todo/a?b=c")
