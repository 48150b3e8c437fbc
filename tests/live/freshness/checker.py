"""People who write, share and revoke, and notice every answer that is outdated."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

TOLERANCE = 1.0  # seconds that others' changes may stay unseen


PASSWORD = "correct horse battery staple"
TODOS = "/admin/todos/todo/"


def sign_in(server: str, name: str) -> dict[str, str]:
    """Return the cookies of a session."""
    with requests.Session() as browser:
        address = f"{server}/admin/login/"
        token = re.search(
            'name="csrfmiddlewaretoken" value="(.+?)"', browser.get(address).text
        )
        assert token
        typed = {"username": name, "password": PASSWORD}
        browser.post(address, typed | {"csrfmiddlewaretoken": token[1]})
        return {name: value or "" for name, value in browser.cookies.items()}


@dataclass
class Person:
    """A person with a key, who asks any of the servers."""

    name: str
    key: str
    readers: list[str]
    writers: list[str]
    cookies: dict[str, str] = field(default_factory=dict)

    def read(self, path: str, key: str = "") -> requests.Response:
        return self._ask("GET", random.choice(self.readers), path, key)  # noqa: S311  (no secret)

    def write(self, method: str, path: str, body: Any = None) -> requests.Response:
        server = random.choice(self.writers)  # noqa: S311  (no secret)
        answer = self._ask(method, server, path, body=body)
        answer.raise_for_status()
        return answer

    def page(self, path: str) -> str:
        """Return a page of any of the servers; sign in first."""
        server = random.choice(self.readers)  # noqa: S311  (no secret)
        if not self.cookies:
            self.cookies = sign_in(server, self.name)
        answer = requests.get(f"{server}{path}", cookies=self.cookies, timeout=30)
        answer.raise_for_status()
        return answer.text

    def _ask(
        self, method: str, server: str, path: str, key: str = "", body: Any = None
    ) -> requests.Response:
        bearer = {"Authorization": f"Bearer {key or self.key}"}
        # A session per request would send other headers than those of a plain client.
        return requests.request(
            method, f"{server}/api/v1/{path}", json=body, headers=bearer, timeout=30
        )


@dataclass
class Checker:
    """Runs everyone at once for some seconds, and collects what was wrong.

    With `until_outdated`, it ends earlier, when something was.
    """

    seconds: float
    until_outdated: bool = False
    outdated: list[str] = field(default_factory=list)
    reads: int = 0
    _acked: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def run(self, *activities: Callable[[], None]) -> None:
        self.until = time.monotonic() + self.seconds
        threads = [
            threading.Thread(target=self._repeat, args=(one,)) for one in activities
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, activity: Callable[[], None]) -> None:
        try:
            while time.monotonic() < self.until and not self._is_done:
                activity()
        except Exception as error:
            self.outdated.append(f"{activity} failed: {error!r}")

    @property
    def _is_done(self) -> bool:
        return self.until_outdated and bool(self.outdated)

    def write_and_read(self, person: Person, todo: str) -> None:
        """Change a todo, then find the change in the person's own list of todos."""
        content = str(time.monotonic())
        answer = person.write("PATCH", f"todos/{todo}", {"content": content})
        version = answer.json()["version"]
        self._acked.setdefault(todo, []).append((time.monotonic(), version))
        for _ in range(3):
            self.expect(person, todo, version, "own change")
        for path in (TODOS, TODOS, f"{TODOS}{todo}/change/"):
            self.reads += 1
            if content not in person.page(path):
                self.outdated.append(f"{person.name} misses own change on {path}")

    def read_of_others(self, person: Person, todo: str) -> None:
        """Find the changes of others that are older than the tolerance."""
        begin = time.monotonic() - TOLERANCE
        known = [v for at, v in list(self._acked.get(todo, [])) if at < begin]
        self.expect(person, todo, max(known, default=1), "change of somebody else")

    def expect(self, person: Person, todo: str, version: int, what: str) -> None:
        self.reads += 1
        rows = person.read("todos").json()["results"]
        found = next((row["version"] for row in rows if row["id"] == todo), 0)
        if found < version:
            self.outdated.append(
                f"{person.name} misses {what}: version {found}, not {version}"
            )

    def share_and_revoke(
        self, owner: Person, guest: Person, todo_list: str, todo: str
    ) -> None:
        """Share a list, take it back, and look for it as the guest."""
        body = {"person": guest.name, "role": "viewer"}
        member = owner.write("POST", f"lists/{todo_list}/members", body).json()["id"]
        for _ in range(2):
            self.expect(guest, todo, 1, "a list that was shared")
        owner.write("DELETE", f"lists/{todo_list}/members/{member}")
        for path in ("todos", "todos", "lists"):
            self.reads += 1
            shown = {row["id"] for row in guest.read(path).json()["results"]}
            if shown & {todo, todo_list}:
                self.outdated.append(f"{guest.name} still sees a list in {path}")
        for path in (TODOS, "/admin/"):
            self.reads += 1
            if todo_list in guest.page(path):
                self.outdated.append(f"{guest.name} still sees a list on {path}")

    def revoke_key(self, person: Person) -> None:
        """Use a new key twice, revoke it, and try it again."""
        body = {"name": "short-lived", "scopes": ["todos:read"]}
        made = person.write("POST", "me/keys", body).json()
        for _ in range(2):
            self.reads += 1
            if person.read("todos", made["token"]).status_code != 200:
                self.outdated.append("a new key is refused")
        person.write("DELETE", f"me/keys/{made['id']}")
        for server in person.readers:
            answer = person._ask("GET", server, "todos", made["token"])
            if answer.status_code != 401:
                self.outdated.append("a revoked key is accepted")
