"""Requests that have waited too long, or whose clients have left."""

from __future__ import annotations

import socket
from time import time

import pytest

from tests.problems import assert_problem
from todo_project.observability import metrics
from todo_project.overload import LATE, Gate, Queue, arrival_of, has_left
from todo_project.proxies import BY_PROXY

LIST, SIGN_IN, ADD = "/api/v1/todos", "/admin/login/", "/admin/todos/todo/add/"


@pytest.fixture
def connection():
    """A connection to nginx, as gunicorn passes it on; with nginx's end of it."""
    ours, of_nginx = socket.socketpair()
    with ours, of_nginx:
        yield ours, of_nginx


@pytest.fixture
def answered_by(connection):
    """Return who answers a request, and with which status."""
    ours, _ = connection

    def server(name):
        return lambda environ, _: [(name, LATE in environ)]

    gate = Gate(front=server("front"), django=server("django"))

    def ask(*, waited, method="GET", started=100.0, **variables):
        statuses = []
        gate.since = time() - started
        environ = {"REQUEST_METHOD": method, "PATH_INFO": LIST, "gunicorn.socket": ours}
        environ |= {"REQUEST_START": f"{time() - waited:.3f}"} | variables
        answer = gate(environ, lambda status, _: statuses.append(status))
        return answer, statuses

    return ask


def left_out(reason):
    """Return how many requests of the API this process has left out."""
    labels = {"source": "api", "reason": reason}
    name = "todo_requests_left_out_total"
    return metrics.REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize("waited", [0, 4.5])
def test_a_request_in_time_is_answered_by_the_front(answered_by, waited):
    assert answered_by(waited=waited) == ([("front", False)], [])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_late_request_is_refused(answered_by, method):
    before = left_out("late")
    assert answered_by(waited=5.5, method=method) == ([("django", True)], [])
    assert left_out("late") == before + 1


def late_of(queue, *waited):
    """Return which of these requests, in their order, are refused."""
    return [seconds for seconds in waited if queue.is_late(seconds)]


def test_a_queue_that_has_grown_to_the_limit_is_cleared():
    queue = Queue()
    assert late_of(queue, 0.5, 2, 4, 4.9) == []
    assert late_of(queue, 5.1, 4.8, 3, 1.1) == [5.1, 4.8, 3, 1.1]
    assert late_of(queue, 0.9, 2, 4) == []


def test_a_pause_refuses_only_what_has_waited_too_long():
    assert late_of(Queue(), 0.1, 7, 6, 4.9, 3, 1) == [7, 6]


def test_pages_are_not_refused_for_the_queue_of_the_api(answered_by):
    for waited in (0, 4, 6):
        answered_by(waited=waited)
    assert answered_by(waited=2)[0] == [("django", True)]
    assert answered_by(waited=2, PATH_INFO=SIGN_IN)[0] == [("front", False)]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_monitoring_is_answered_even_late(answered_by, path):
    assert answered_by(waited=8, PATH_INFO=path)[0] == [("front", False)]


def test_the_limit_is_a_setting(answered_by, settings):
    settings.QUEUE_SECONDS = 9
    assert answered_by(waited=5.5)[0] == [("front", False)]
    assert answered_by(waited=9.5)[0] == [("django", True)]


def test_the_start_of_the_process_does_not_count_as_waiting(answered_by):
    assert answered_by(waited=20, started=3)[0] == [("front", False)]


@pytest.mark.parametrize("waited", [-30, 3600])
def test_a_clock_that_is_behind_or_far_ahead_refuses_nothing(answered_by, waited):
    assert answered_by(waited=waited, started=10_000)[0] == [("front", False)]


@pytest.mark.parametrize("waited", [0, 5.5])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_nothing_is_computed_for_a_program_that_has_left(
    answered_by, connection, waited, method
):
    before = left_out("left")
    connection[1].close()
    answer = answered_by(waited=waited, method=method)
    assert answer == ([], ["499 Client Closed Request"])
    assert left_out("left") == before + 1


def test_a_form_takes_effect_though_its_sender_has_left(answered_by, connection):
    connection[1].sendall(b"content=sent")
    connection[1].close()
    form = {"method": "POST", "PATH_INFO": ADD}
    assert answered_by(waited=1, **form)[0] == [("front", False)]
    assert answered_by(waited=6, **form)[1] == ["499 Client Closed Request"]


def test_a_client_that_waits_has_not_left(connection):
    ours, of_nginx = connection
    assert not has_left(ours.fileno())
    of_nginx.sendall(b"a body")
    assert not has_left(ours.fileno())
    assert not has_left(-1)


def test_a_tcp_connection_that_nginx_has_closed_is_noticed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        of_nginx = socket.create_connection(server.getsockname())
        with server.accept()[0] as ours:
            assert not has_left(ours.fileno())
            of_nginx.close()
            assert has_left(ours.fileno())


@pytest.mark.parametrize(
    ("variables", "arrived"),
    [
        ({"REQUEST_START": "1700000000.123"}, 1700000000.123),
        ({"HTTP_X_REQUEST_START": "1700000000.123", BY_PROXY: True}, 1700000000.123),
        ({"HTTP_X_REQUEST_START": "1700000000.123", BY_PROXY: False}, 0),
        ({"HTTP_X_REQUEST_START": "yesterday", BY_PROXY: True}, 0),
        ({"REQUEST_START": "1.5", "HTTP_X_REQUEST_START": "2.5", BY_PROXY: True}, 1.5),
        ({}, 0),
    ],
)
def test_only_nginx_says_when_a_request_arrived(variables, arrived):
    assert arrival_of(variables) == arrived
    assert "HTTP_X_REQUEST_START" not in variables


@pytest.mark.django_db
def test_a_refusal_asks_neither_database_nor_session(
    client, django_assert_num_queries, owner
):
    client.force_login(owner)
    with django_assert_num_queries(0):
        page = client.get(SIGN_IN, **{LATE: True})
        problem = client.get(LIST, **{LATE: True})
    assert page.status_code == 503
    assert "The service is busy" in page.text
    assert_problem(problem, 503, "busy")
    assert page["Retry-After"] == problem["Retry-After"] == "1"
    assert page["X-Request-ID"] in page.text


def test_a_refusal_is_in_the_language_of_the_browser(client):
    page = client.get(SIGN_IN, headers={"Accept-Language": "zh-CN"}, **{LATE: True})
    assert "服务繁忙" in page.text


def test_a_form_that_is_refused_shows_what_was_typed(client):
    page = client.post(
        ADD,
        {"content": "好好学习"},
        headers={"Origin": "http://testserver"},
        **{LATE: True},
    )
    assert page.status_code == 503
    assert "好好学习" in page.text
    assert "Reload this page to send it again" in page.text
