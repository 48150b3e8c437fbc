"""What is measured, one entry each: to add a rung, add an entry here."""

from __future__ import annotations

from dataclasses import dataclass

TUTORIAL = "The tutorial: Flask, one list, no users; first page of 10 among 10,000"
DRF = "Plain Django REST Framework with tokens"
WAYS = "Ways to run this service: first page of 10 among 10,000"
WORK = "What this service does, in its default deployment"
FILES = "Files, of which each request downloads one"
PAGES = "Pages of this service, in its default deployment"

TODOS = "/api/v1/todos"
DOWNLOAD = f"{TODOS}/{{todo}}/attachments/{{attachment}}/content"
SMALL = '{"content": "Buy milk", "priority": 1}'
BULK = '{"todos": [' + ", ".join([SMALL] * 1000) + "]}"
ALL, FEW, ONE = (100, 1000), (100,), (1,)


@dataclass(frozen=True)
class Rung:
    """A request, whom it is sent to, and by whom.

    `target` is a server of benchmarks/world.py; `sender` is a user of it, `everyone`
    for all of the many in turn. `{todo}` in the path is the id of a todo, and
    `{attachment}` that of a file attached to it. `state` is
    what holds meanwhile: see benchmarks/states.py. A `conditional` request carries the
    ETag of the response. An `uncached` one asks for a new response, which goes through
    all of Django. `cold` requests are sent one after the other, each after the
    cache was emptied.
    """

    name: str
    section: str
    title: str
    target: str = "nginx-uwsgi"
    path: str = TODOS
    sender: str = "reader"
    method: str = "GET"
    body: str = ""
    status: int = 200
    connections: tuple[int, ...] = FEW
    state: str = ""
    conditional: bool = False
    uncached: bool = False
    cold: bool = False
    quick: bool = False


def flask(name: str, title: str, *, quick: bool = False) -> Rung:
    return Rung(
        name, TUTORIAL, title, target=name, path="/todos", sender="nobody",
        connections=ALL, quick=quick,
    )  # fmt: skip


def way(
    name: str,
    title: str,
    *,
    target: str = "",
    path: str = TODOS,
    state: str = "",
    connections: tuple[int, ...] = ALL,
    uncached: bool = False,
    quick: bool = False,
) -> Rung:
    return Rung(
        name, WAYS, title, target=target or name, path=path, connections=connections,
        state=state, uncached=uncached, quick=quick,
    )  # fmt: skip


def page(name: str, title: str, path: str, sender: str = "reader page") -> list[Rung]:
    """Return a page, hot and cold."""
    return [
        Rung(name, PAGES, title, path=path, sender=sender),
        Rung(
            f"{name}-cold", PAGES, f"{title}, cold", path=path, sender=sender,
            connections=ONE, cold=True,
        ),
    ]  # fmt: skip


RUNGS: list[Rung] = [
    flask("flask", "Flask's own server"),
    flask("flask-indexed", "with an index"),
    flask("flask-gunicorn", "gunicorn, 9 sync workers", quick=True),
    flask("flask-gevent", "gunicorn, 9 gevent workers"),
    flask("flask-meinheld", "gunicorn, 9 meinheld workers"),
    flask("flask-nginx", "behind nginx"),
    flask("flask-cached", "first page cached in Redis", quick=True),
    Rung(
        "drf-first-page", DRF, "first page of 10 among 10,000", target="drf",
        path="/todos", sender="token", connections=ALL, quick=True,
    ),
    Rung(
        "drf-add", DRF, "POST of one todo", target="drf", path="/todos",
        sender="token", method="POST", body=SMALL, status=201, quick=True,
    ),
    way("nginx-alone", "the limit: nginx alone, a file of the same size", quick=True),
    way("unpaginated", "pages of 200, the maximum", target="nginx-uwsgi",
        path=f"{TODOS}?page_size=200", uncached=True),
    way("unindexed", "without the index of newest todos", target="nginx-uwsgi",
        state="unindexed", uncached=True),
    way("embedded", "SQLite, gunicorn, no other service (`script/server`)"),
    way("one-process", "one process, without nginx"),
    way("many-processes", "four processes, without nginx"),
    way("nginx-http", "behind nginx, HTTP over a unix socket"),
    way("nginx-fastcgi", "behind nginx, FastCGI over a unix socket"),
    way("nginx-uwsgi", "behind nginx, uwsgi protocol (the default)", quick=True),
    way("nginx-tls", "the default, with TLS to the client"),
    way("without-redis", "the default, Redis stopped", target="nginx-uwsgi",
        state="without redis"),
    Rung("first-page-everyone", WORK, "first page of 10, 1,000 users in turn",
         sender="everyone", connections=ALL, quick=True),
    Rung("uncached-list", WORK, "first page, through all of DRF", uncached=True,
         quick=True),
    Rung("not-modified", WORK, "first page, unchanged (304)", conditional=True,
         status=304, connections=ALL, quick=True),
    Rung("todo", WORK, "one todo", path=f"{TODOS}/{{todo}}", quick=True),
    Rung("me", WORK, "the user (`/api/v1/me`)", path="/api/v1/me", quick=True),
    Rung("add", WORK, "POST of one todo, 1,000 users in turn", sender="everyone",
         method="POST", body=SMALL, status=201, quick=True),
    Rung("add-to-one-list", WORK, "POST of one todo, all into one list",
         sender="writer", method="POST", body=SMALL, status=201),
    Rung("bulk", WORK, "POST of 1,000 todos at once", path=f"{TODOS}/bulk",
         sender="writer", method="POST", body=BULK, status=201, connections=ONE,
         quick=True),
    Rung("search", WORK, "search for two words", path=f"{TODOS}?search=plants+777",
         uncached=True),
    Rung("page-1000", WORK, "page 1,000", path=f"{TODOS}?page=1000", uncached=True),
    Rung("page-10000", WORK, "page 10,000, of 100,000 todos",
         path=f"{TODOS}?page=10000", sender="collector", uncached=True),
    Rung("download", FILES, "100 MB, encrypted in the store, over TLS", path=DOWNLOAD,
         target="nginx-tls", connections=ONE, quick=True),
    Rung("download-alone", FILES, "the limit: nginx alone, the same bytes, over TLS",
         path=DOWNLOAD, target="file-tls", connections=ONE, quick=True),
    Rung("download-http", FILES, "100 MB, encrypted in the store, without TLS",
         path=DOWNLOAD, connections=ONE),
    Rung("download-http-alone", FILES, "the limit, without TLS", path=DOWNLOAD,
         target="file-alone", connections=ONE),
    *page("home", "home", "/admin/"),
    *page("list", "todos", "/admin/todos/todo/"),
    *page("search-page", "todos, searched", "/admin/todos/todo/?q=plants+777"),
    *page("form", "form of a todo", "/admin/todos/todo/{todo}/change/"),
    *page("add-form", "form of a new todo", "/admin/todos/todo/add/"),
    *page("events", "events", "/admin/core/event/", "auditor page"),
]  # fmt: skip


def chosen(*, quick: bool) -> list[Rung]:
    return [rung for rung in RUNGS if rung.quick or not quick]
