"""Concurrent writes through the API."""

from __future__ import annotations

from threading import Event as Flag
from threading import Thread

import pytest
from django.db import connections, transaction

from core.models import Event
from tests.api.parallel import together
from tests.conftest import api_for
from tests.problems import assert_problem
from todos.models import Todo, TodoList

pytestmark = pytest.mark.django_db(transaction=True)

TODOS = "/api/v1/todos"


def test_twenty_concurrent_finishes_record_one_event(owner, todo):
    address = f"{TODOS}/{todo.pk}/finish"
    clients = [api_for(owner) for _ in range(20)]
    answers = together(*[lambda api=api: api.put(address) for api in clients])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert Event.objects.filter(verb="todo.finished").count() == 1
    assert Todo.objects.get().version == 2


def test_of_two_edits_with_the_same_tag_one_succeeds(owner, editor, todo):
    address = f"{TODOS}/{todo.pk}"
    clients = [api_for(owner), api_for(editor)]
    answers = together(
        *[
            lambda api=api, text=text: api.patch(
                address, {"content": text}, headers={"If-Match": '"1"'}
            )
            for api, text in zip(clients, ("one", "two"), strict=True)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    done = next(answer for answer in answers if answer.status_code == 200)
    assert Todo.objects.get().content == done.json()["content"]
    assert Event.objects.filter(verb="todo.changed").count() == 1


def test_concurrently_added_todos_are_all_recorded_without_gaps(owner, todo_list):
    clients = [api_for(owner) for _ in range(8)]
    body = {"content": "x", "list": str(todo_list.pk)}
    answers = together(*[lambda api=api: api.post(TODOS, body) for api in clients])
    assert {answer.status_code for answer in answers} == {201}
    seqs = Event.objects.filter(stream_id=todo_list.pk).order_by("seq")
    revision = TodoList.objects.get(pk=todo_list.pk).revision
    assert list(seqs.values_list("seq", flat=True)) == list(range(1, revision + 1))
    assert Todo.objects.values("rank").distinct().count() == 8


def test_concurrent_requests_with_one_idempotency_key_have_one_effect(owner):
    clients = [api_for(owner) for _ in range(6)]
    answers = together(
        *[
            lambda api=api: api.post(
                TODOS, {"content": "once"}, headers={"Idempotency-Key": "twins"}
            )
            for api in clients
        ]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Todo.objects.count() == 1
    replayed = [answer.get("Idempotency-Replayed") for answer in answers]
    assert sorted(map(str, replayed)) == ["None", *["true"] * 5]


def test_a_lock_timeout_is_503_with_retry_after(owner, todo, todo_list):
    api = api_for(owner)
    held, done = Flag(), Flag()

    def hold():
        with transaction.atomic():
            TodoList.objects.select_for_update().get(pk=todo_list.pk)
            held.set()
            done.wait(timeout=30)
        connections.close_all()

    holder = Thread(target=hold)
    holder.start()
    held.wait(timeout=30)
    answer = api.put(f"{TODOS}/{todo.pk}/finish")
    assert api.get(f"{TODOS}/{todo.pk}").json()["is_finished"] is False
    done.set()
    holder.join()
    assert_problem(answer, 503, "busy")
    assert answer["Retry-After"] == "1"
    assert api.put(f"{TODOS}/{todo.pk}/finish").status_code == 200
