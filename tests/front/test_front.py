"""The front answers as Django would, and knows when it may not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from joserfc.jwk import ECKey

from accounts.models import ApiKey, Role, User
from accounts.services.keys import issue_key, revoke_key, set_encryption_key
from core.jwk import public_members
from core.models import Installation
from tests.jose import decrypt
from tests.redis_server import DAMAGED, RedisServer
from tests.signing import with_secret
from todo_project import wsgi
from todo_project.front import answers, tokens
from todo_project.front.tokens import wire
from todo_project.front.wsgi import ROUTES, Front
from todo_project.redis import breaker
from todos.services.lists import trash_list
from todos.services.sharing import remove_member
from todos.services.todos import add_todo, edit_todo
from todos.services.trash import purge_list_trash, trash_todo

pytestmark = pytest.mark.django_db(transaction=True)

TODOS = "/api/v1/todos"
PER_REQUEST = {"X-Request-ID", "Server-Timing"}


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture(autouse=True)
def _fresh_connection() -> Iterator[None]:
    """Connect to the Redis of the test, whatever happened to that of another."""
    wire._drop()
    breaker.succeed()
    yield
    wire._drop()
    breaker.succeed()


@pytest.fixture(params=["with Redis", "without Redis"])
def front(request: Any, settings: Any, redis_server: RedisServer) -> Counted:
    settings.REDIS_URL = ""
    if request.param == "with Redis":
        settings.REDIS_URL = redis_server.url
        redis_server.client.flushall()
    return Counted()


class Counted(Front):
    """A front that counts what it hands on to Django."""

    def __init__(self) -> None:
        super().__init__(wsgi.django)
        self.handed_on = 0
        inner = self.django

        def django(environ: Any, start_response: Any) -> Any:
            self.handed_on += 1
            return inner(environ, start_response)

        self.django = django

    def get(self, path: str, token: str, **headers: str) -> Answered:
        return self.ask("GET", path, token, **headers)

    def ask(self, method: str, path: str, token: str, **headers: str) -> Answered:
        return Answered(self, method, path, token, headers)


class Answered:
    """What a WSGI application answers."""

    def __init__(
        self, application: Any, method: str, path: str, token: str, headers: Any
    ) -> None:
        environ = RequestFactory().generic(method, path).environ
        for name in ("CONTENT_TYPE", "HTTP_COOKIE"):
            environ.pop(name, None)
        environ |= {"HTTP_HOST": "localhost", "HTTP_AUTHORIZATION": f"Bearer {token}"}
        environ |= {"wsgi.input": BytesIO()} | headers
        given: list[Any] = []
        content = application(environ, lambda *start: given.append(start))
        self.body = b"".join(content)
        if hasattr(content, "close"):
            content.close()
        self.status, pairs = given[0][:2]
        self.headers = dict(pairs)
        self.fixed = [pair for pair in pairs if pair[0] not in PER_REQUEST]


def key_of(person: User, **fields: Any) -> str:
    """Return the token of a key that was just used."""
    key, token = issue_key(
        actor=None, user=person, name="test", now=timezone.now(), **fields
    )
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
    return token


def change(todo: Any, owner: User) -> None:
    edit_todo(actor=owner, todo=todo, content=str(timezone.now()), now=timezone.now())


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "who", ["owner", "editor", "viewer", "outsider", "administrator"]
)
def test_a_repeated_answer_is_that_of_django(front, request, todo, path, who):
    token = key_of(request.getfixturevalue(who))
    by_django = Answered(wsgi.django, "GET", path, token, {})
    front.get(path, token)
    first, second = front.get(path, token), front.get(path, token)
    assert front.handed_on == 2
    for answered in (first, second):
        assert answered.status == by_django.status == "200 OK"
        assert answered.fixed == by_django.fixed
        assert answered.body == by_django.body
        assert answered.headers.keys() == by_django.headers.keys()
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


def test_a_condition_is_part_of_the_question(front, owner, todo):
    token = key_of(owner)
    tag = front.get(TODOS, token).headers["ETag"]
    for _ in range(3):
        unchanged = front.get(TODOS, token, HTTP_IF_NONE_MATCH=tag)
        assert unchanged.status == "304 Not Modified"
        assert unchanged.body == b""
    assert front.handed_on == 1 + 2
    change(todo, owner)
    assert front.get(TODOS, token, HTTP_IF_NONE_MATCH=tag).status == "200 OK"


def test_an_encrypted_answer_and_a_plain_one_are_never_mistaken(front, owner, todo):
    """Nor is an answer encrypted to a key that has been replaced."""
    old, new = ECKey.generate_key(), ECKey.generate_key()
    token = key_of(owner, encryption_key=public_members(old))
    key = ApiKey.objects.get(public_id=token.split("_")[1])
    for private in (old, new):
        set_encryption_key(
            actor=owner,
            key=key,
            encryption_key=public_members(private),
            now=timezone.now(),
        )
        for _ in range(3):
            plain = front.get(TODOS, token)
            encrypted = front.get(TODOS, token, HTTP_ACCEPT="application/jose")
            assert plain.headers["Content-Type"] == "application/json"
            assert encrypted.headers["Content-Type"] == "application/jose"
            assert decrypt(private, encrypted.body)[1] == plain.body
    assert front.handed_on == 2 + 3 + 3


def test_a_change_is_seen_at_once(front, owner, editor, todo, todo_list):
    mine, theirs = key_of(owner), key_of(editor)
    for number in range(3):
        before = [front.get(TODOS, token).body for token in (mine, theirs)]
        content = f"Todo {number}"
        add_todo(actor=editor, todo_list=todo_list, content=content, now=timezone.now())
        after = [front.get(TODOS, token).body for token in (mine, theirs)]
        assert all(content.encode() in body for body in after)
        assert before != after


def test_a_change_in_a_list_in_the_trash_is_seen_by_its_owner(front, owner, todo):
    old = add_todo(actor=owner, todo_list=todo.list, content="old", now=timezone.now())
    trash_todo(actor=owner, todo=old, now=timezone.now() - timedelta(days=90))
    trash_list(actor=owner, todo_list=todo.list, now=timezone.now())
    token, path = key_of(owner), "/api/v1/lists?state=trashed"
    for _ in range(3):
        before = front.get(path, token).body
    now = timezone.now()
    assert purge_list_trash(
        todo_list=todo.list, before=now - timedelta(days=30), now=now
    )
    assert front.get(path, token).body != before


def test_rights_that_end_are_gone_at_once(front, owner, editor, todo):
    token = key_of(editor)
    assert todo.content.encode() in front.get(TODOS, token).body
    front.get(TODOS, token)
    membership = todo.list.memberships.get(user=editor)
    remove_member(actor=owner, membership=membership, now=timezone.now())
    assert todo.content.encode() not in front.get(TODOS, token).body
    Role.objects.get(name="member").permissions.clear()
    assert front.get(TODOS, token).status == "403 Forbidden"


def test_a_key_that_ends_is_refused_at_once(front, owner, todo):
    token = key_of(owner)
    front.get(TODOS, token)
    assert front.get(TODOS, token).status == "200 OK"
    key = ApiKey.objects.get(public_id=token.split("_")[1])
    revoke_key(actor=owner, key=key, now=timezone.now())
    assert front.get(TODOS, token).status == "401 Unauthorized"
    other = key_of(owner)
    for _ in range(2):
        front.get(TODOS, other)
    owner.is_active = False
    owner.save(update_fields=["is_active"])
    assert front.get(TODOS, other).status == "401 Unauthorized"


def test_a_signed_only_key_is_never_answered_without_its_signature(front, owner, todo):
    signer = with_secret(owner)
    ApiKey.objects.update(last_used_at=timezone.now())
    for secret in ("", "x"):
        token = f"tdo_{signer.key_id}_{secret}"
        for _ in range(4):
            assert front.get(TODOS, token).status == "401 Unauthorized"
    signed = signer.headers("GET", f"http://localhost{TODOS}")
    names = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in signed.items()
    }
    names["HTTP_AUTHORIZATION"] = ""
    statuses = [front.get(TODOS, "", **names).status for _ in range(3)]
    assert statuses == ["200 OK", "401 Unauthorized", "401 Unauthorized"]


def test_a_key_that_expires_is_refused_at_that_moment(front, owner, todo):
    token = key_of(owner, expires_at=timezone.now() + timedelta(seconds=60))
    front.get(TODOS, token)
    front.get(TODOS, token)
    state = next(iter(front.answers._answers.values())).state
    assert state.ends_at <= timezone.now().timestamp() + 60
    key = ApiKey.objects.get(public_id=token.split("_")[1])
    key.expires_at = key.created_at + timedelta(microseconds=1)
    key.save(update_fields=["expires_at"])
    assert front.get(TODOS, token).status == "401 Unauthorized"


def test_the_use_of_a_key_is_noted_every_minute(front, owner, todo):
    token = key_of(owner)
    front.get(TODOS, token)
    long_ago = timezone.now() - timedelta(hours=1)
    key = ApiKey.objects.get(public_id=token.split("_")[1])
    key.last_used_at = long_ago
    key.save(update_fields=["last_used_at"])
    front.get(TODOS, token)
    key.refresh_from_db()
    assert key.last_used_at > long_ago


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("HEAD", TODOS, {}),
        ("POST", TODOS, {}),
        ("GET", "/api/v1/me", {}),
        ("GET", TODOS, {"HTTP_COOKIE": "a=b"}),
        ("GET", TODOS, {"HTTP_CACHE_CONTROL": "no-cache"}),
        ("GET", TODOS, {"HTTP_IF_MATCH": '"1"'}),
        ("GET", TODOS, {"HTTP_X_SOMETHING": "else"}),
        ("GET", TODOS, {"HTTP_USER_AGENT": "ä".encode().decode("latin-1")}),
        ("GET", TODOS, {"HTTP_USER_AGENT": "x" * 9000}),
        ("GET", TODOS, {"CONTENT_TYPE": "text/plain"}),
        ("GET", f"{TODOS}?page_size=0", {}),
    ],
)
def test_anything_else_is_handed_on(front, owner, todo, method, path, headers):
    token = key_of(owner)
    for count in (1, 2, 3):
        front.ask(method, path, token, **headers)
        assert front.handed_on == count


def test_a_question_includes_host_language_and_query(front, owner, todo):
    token = key_of(owner)
    different: list[dict[str, str]] = [
        {},
        {"HTTP_HOST": "127.0.0.1"},
        {"HTTP_ACCEPT_LANGUAGE": "zh-hans"},
        {"HTTP_ACCEPT": "application/json; indent=2"},
        {"wsgi.url_scheme": "https"},
        {"QUERY_STRING": "page=1"},
    ]
    for headers in different * 3:
        assert front.get(TODOS, token, **headers).status == "200 OK"
    assert front.handed_on == 2 * len(different)


def test_unknown_keys_fill_nothing(front, todo):
    for number in range(50):
        assert front.get(TODOS, f"tdo_{number}_x").status == "401 Unauthorized"
    assert front.answers._answers == {}


def test_answers_take_a_bounded_amount_of_memory(front, monkeypatch, owner, todo):
    monkeypatch.setattr(answers, "MOST_BYTES", 5 * answers.OVERHEAD)
    token = key_of(owner)
    tag = front.get(TODOS, token).headers["ETag"]
    for number in range(20):
        for _ in range(2):
            front.get(f"{TODOS}?page={number + 1}", token)
            front.get(TODOS, token, HTTP_IF_NONE_MATCH=f'"{number}", {tag}')
        assert 1 <= len(front.answers._answers) <= 5
        assert front.answers._bytes <= answers.MOST_BYTES


def test_many_who_ask_at_once_cost_one_computation(front, owner, todo):
    token = key_of(owner)
    front.get(TODOS, token)
    together = threading.Barrier(20)

    def ask() -> None:
        together.wait()
        for _ in range(5):
            assert front.get(TODOS, token).status == "200 OK"
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert front.handed_on == 2


def test_questions_that_nobody_repeats_are_not_kept(front, owner, todo):
    token = key_of(owner)
    for number in range(20):
        front.get(f"{TODOS}?page={number + 1}", token)
    assert front.answers._answers == {}


def test_questions_whose_answers_cannot_be_kept_go_straight_to_django(
    front, monkeypatch, owner, todo
):
    monkeypatch.setattr("todo_project.front.wsgi.LARGEST", 10)
    token = key_of(owner)
    for count in range(1, 5):
        front.get(TODOS, token)
        assert front.handed_on == count
    with CaptureQueriesContext(connection) as through_front:
        front.get(TODOS, token)
    with CaptureQueriesContext(connection) as by_django:
        Answered(wsgi.django, "GET", TODOS, token, {})
    assert len(through_front) == len(by_django)


def test_another_process_finds_the_answer_in_redis(settings, redis_server, owner, todo):
    settings.REDIS_URL = redis_server.url
    token = key_of(owner)
    first, second = Counted(), Counted()
    for _ in range(2):
        answered, again = first.get(TODOS, token), second.get(TODOS, token)
    assert (first.handed_on, second.handed_on) == (2, 1)
    assert again.body == answered.body
    assert again.fixed == answered.fixed
    change(todo, owner)
    assert second.get(TODOS, token).body != answered.body


@pytest.mark.parametrize("how", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_answer_is_computed_again(settings, redis_server, owner, todo, how):
    settings.REDIS_URL = redis_server.url
    redis_server.client.flushall()
    token = key_of(owner)
    first, second = Counted(), Counted()
    answered, *_rest = (front.get(TODOS, token) for front in (first, first, second))
    assert redis_server.damage("todo:answer:*", how) == 1
    again = second.get(TODOS, token)
    assert (again.status, again.body) == (answered.status, answered.body)
    assert second.handed_on == 2


def test_an_answer_needs_no_statement_with_redis_and_one_without(
    front, settings, owner, todo
):
    token = key_of(owner)
    for _ in range(3):
        front.get(TODOS, token)
    with CaptureQueriesContext(connection) as queries:
        front.get(TODOS, token)
    assert len(queries) == (0 if settings.REDIS_URL else 1)


def test_writers_that_cannot_reach_redis_make_every_answer_be_checked(
    settings, monkeypatch, redis_server, owner, todo
):
    settings.REDIS_URL = redis_server.url
    waits: list[float] = []
    monkeypatch.setattr("todo_project.front.tokens.time.sleep", waits.append)
    front, token = Counted(), key_of(owner)
    for _ in range(3):
        front.get(TODOS, token)
    assert statements_of(front, token) == 0
    tokens.suspend()
    tokens.suspend()
    longest = tokens.VALIDITY + tokens.COMMITTING
    assert all(0 < wait <= longest for wait in waits)
    state: Any = next(iter(front.answers._answers.values())).state
    state.tokens.clear()  # as if a second had passed
    assert statements_of(front, token) == statements_of(front, token) == 1
    Installation.objects.update(
        cache_suspended_from=timezone.now() - timedelta(minutes=2),
        cache_suspended_until=timezone.now() - timedelta(minutes=1),
    )
    front.get(TODOS, token)
    assert statements_of(front, token) == 0
    tokens.suspend()
    until: Any = Installation.objects.get().cache_suspended_until
    assert until > timezone.now() + timedelta(seconds=20)


def test_a_suspension_that_began_a_second_ago_is_not_waited_for(
    settings, monkeypatch, todo
):
    waits: list[float] = []
    monkeypatch.setattr("todo_project.front.tokens.time.sleep", waits.append)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nothing listens there
    Installation.objects.update(
        cache_suspended_from=timezone.now() - timedelta(minutes=2),
        cache_suspended_until=timezone.now() + timedelta(seconds=5),
    )
    tokens.renew([todo.list_id])
    assert waits == [0]
    until: Any = Installation.objects.get().cache_suspended_until
    assert until > timezone.now() + timedelta(seconds=20)


def statements_of(front: Counted, token: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        front.get(TODOS, token)
    return len(queries)
