"""Answers repeated reads before Django runs, and hands everything else on.

What the service has answered is answered again, byte for byte, as long as nothing that
determines it has changed: see `todo_project.front.state`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db import Error, close_old_connections

from core.api.negotiation import wants_encryption
from todo_project.front.answers import Answer, Answers, Key, Recent, SharedAnswers
from todo_project.front.state import State, read_state
from todo_project.middleware import HEADER_LENGTH, request_id_of
from todo_project.observability import metrics
from todo_project.observability.middleware import log_answer, server_timing
from todo_project.observability.timing import Timing, measured
from todo_project.proxies import BY_PROXY

Environ = dict[str, Any]

# Collections, whose answers depend on the lists of a person; with their routes.
ROUTES = {
    "/api/v1/labels": "api:labels",
    "/api/v1/lists": "api:lists",
    "/api/v1/todos": "api:todos",
}
# What an answer depends on, apart from the state. A request with headers in neither of
# these is handed on, such as one with a cookie or with Cache-Control: no-cache.
DETERMINING = (
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_AUTHORIZATION",
    "HTTP_IF_NONE_MATCH",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_HOST",
    "SERVER_PORT",
    "wsgi.url_scheme",
    BY_PROXY,
)
IRRELEVANT = frozenset(
    {
        "HTTP_ACCEPT_ENCODING",
        "HTTP_CONNECTION",
        "HTTP_USER_AGENT",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_REQUEST_ID",
    }
)
HEADERS = IRRELEVANT.union(DETERMINING)
LARGEST = 256 * 1024  # bytes of an answer that is kept


class Front:
    """A WSGI application in front of Django's."""

    def __init__(self, django: Any) -> None:
        self.django = django
        self.answers, self.shared, self.recent = Answers(), SharedAnswers(), Recent()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if not is_candidate(environ):
            return self.django(environ, start_response)  # type: ignore[no-any-return]
        key = tuple(str(environ.get(name)) for name in DETERMINING)
        with measured() as timing:
            answer = self.answers.get(key)
            if answer is None and not self.recent.has(key):
                return self.note(key, environ, start_response)
            if answer is None or not answer.state.has_same_tokens():
                with self.answers.computing(key):
                    state, answer = self.find(key, environ)
                    if state is not None and answer is None:
                        return self.compute(key, state, environ, start_response)
        if answer is None:
            return self.django(environ, start_response)  # type: ignore[no-any-return]
        return give(answer, environ, start_response, timing)

    def note(self, key: Key, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Let Django answer, and note whether the answer could be given again."""

        def noting(status: str, headers: Any, *rest: Any) -> Any:
            if is_repeatable(status, dict(headers)):
                self.recent.note(key)
            return start_response(status, headers, *rest)

        return self.django(environ, noting)  # type: ignore[no-any-return]

    def find(self, key: Key, environ: Environ) -> tuple[State | None, Answer | None]:
        """Return the present state, and the answer if there is one that fits it."""
        answer = self.answers.get(key)
        if answer and answer.state.has_same_tokens():  # found while this one waited
            return answer.state, answer
        close_old_connections()
        try:
            before = answer.state if answer else None
            state = read_state(environ["HTTP_AUTHORIZATION"], before)
        except Error:  # Django's handlers explain it
            return None, None
        if state is None:
            return None, None
        if answer and answer.state.facts.digest == state.facts.digest:
            answer = replace(answer, state=state)
        else:
            answer = self.shared.find(key, state)
        if answer:
            self.answers.put(key, answer)
        return state, answer

    def compute(
        self, key: Key, state: State, environ: Environ, start_response: Any
    ) -> Iterable[bytes]:
        """Let Django answer, and keep the answer if it may be given again."""
        metrics.count_cache_read(hit=False)
        given: list[Any] = []
        content = self.django(environ, lambda *start: given.append(start))
        start_response(*given[0])
        status, headers = given[0][:2]
        if not is_repeatable(status, dict(headers)):
            self.recent.forget(key)
            self.shared.give_up(key)
            return content  # type: ignore[no-any-return]
        body = b"".join(content)
        content.close()
        answer = Answer(status, headers, body, ROUTES[environ["PATH_INFO"]], state)
        self.answers.put(key, answer)
        self.shared.put(key, answer)
        return [body]


def is_repeatable(status: str, headers: dict[str, str]) -> bool:
    """Return whether an answer has the entity tag of a collection, and is not large."""
    return (
        status.startswith(("200", "304"))
        and headers.get("ETag", "").startswith("W/")
        and int(headers.get("Content-Length", LARGEST + 1)) <= LARGEST
    )


def is_candidate(environ: Environ) -> bool:
    """Return whether the answer depends on nothing but DETERMINING and the state."""
    return (
        environ.get("PATH_INFO") in ROUTES
        and environ["REQUEST_METHOD"] == "GET"
        and "HTTP_AUTHORIZATION" in environ
        and "HTTP_HOST" in environ
        and not (environ.get("CONTENT_LENGTH") or environ.get("CONTENT_TYPE"))
        # What is encrypted depends on the client's public key as well.
        and not wants_encryption(environ.get("HTTP_ACCEPT", ""))
        and all(
            name in HEADERS and len(value) <= HEADER_LENGTH and value.isascii()
            for name, value in environ.items()
            if name.startswith("HTTP_")
        )
    )


def give(
    answer: Answer, environ: Environ, start_response: Any, timing: Timing
) -> Iterable[bytes]:
    """Give the answer again, with the headers of this request; count and log it."""
    request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
    seconds = timing.total()
    own = {"X-Request-ID": request_id, "Server-Timing": server_timing(seconds, timing)}
    headers = [(name, own.get(name, value)) for name, value in answer.headers]
    start_response(answer.status, headers)
    metrics.count_cache_read(hit=True)
    metrics.count_request(
        method="GET",
        route=answer.route,
        status=int(answer.status[:3]),
        seconds=seconds,
        statements=timing.statements,
        database_seconds=timing.database,
    )
    log_answer(
        method="GET",
        route=answer.route,
        path=environ["PATH_INFO"],
        status=int(answer.status[:3]),
        seconds=seconds,
        timing=timing,
        user=answer.state.facts.user,
        request_id=request_id,
    )
    return [answer.body]
