"""The first steps of a user and of an API client, for every server."""

from __future__ import annotations

import re

import requests

TODOS = "/api/v1/todos"
# Each would make some server or library believe another scheme or name.
FORGED = {
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Port": "1",
    "X-Forwarded-For": "192.0.2.1",
    "Forwarded": "for=192.0.2.1;host=evil.test;proto=gopher",
}


def check(client: requests.Session, url: str) -> None:
    """Go through the service at `url` as one who has just installed it."""
    assert client.get("/livez").text == "ok\n"
    see_the_sign_in_page(client)
    make_four_calls(client)
    believe_no_forged_header(client, url)


def see_the_sign_in_page(client: requests.Session) -> None:
    page = client.get("/admin/login/")
    assert page.status_code == 200
    assert "csrfmiddlewaretoken" in page.text
    styles = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
    assert styles
    for path in styles:
        style = client.get(path)
        assert style.status_code == 200
        assert style.headers["Content-Type"].startswith("text/css")


def make_four_calls(client: requests.Session) -> None:
    made = client.post(TODOS, data={"content": "好好学习"})
    assert made.status_code == 201, made.text
    todo = made.json()
    assert (todo["content"], todo["is_finished"]) == ("好好学习", False)
    path = f"{TODOS}/{todo['id']}"
    listed = client.get(TODOS).json()["results"]
    assert todo["id"] in [one["id"] for one in listed]
    for _ in range(2):  # finishing twice is harmless
        assert client.put(f"{path}/finish").json()["is_finished"] is True
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.post(TODOS, data={"content": ""}).status_code == 400
    assert client.get(f"{TODOS}/%2541%2F").status_code == 404


def believe_no_forged_header(client: requests.Session, url: str) -> None:
    """See that addresses in answers lead to where the client came from."""
    for number in range(2):
        client.post(TODOS, data={"content": f"Page {number}"})
    other = "http" if url.startswith("https:") else "https"
    lies = FORGED | {"X-Forwarded-Proto": other, "X-Forwarded-SSL": "on"}
    following = client.get(f"{TODOS}?page_size=1", headers=lies).json()["next"]
    assert following.startswith(f"{url}{TODOS}?"), following
