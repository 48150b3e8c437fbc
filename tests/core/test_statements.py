"""Statements that are compiled once return what the ORM would return."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, OuterRef

from accounts.credentials import find_user
from accounts.models import User
from core.db.lists import ListOf
from core.db.statements import Param, compiled
from todos.models import Todo


def test_a_statement_takes_values_and_returns_rows_as_the_orm_does(todo, owner):
    rows = Todo.objects.filter(
        created_by=Param("creator", models.UUIDField()),
        created_at__lte=Param("until", models.DateTimeField()),
    )
    columns = ("id", "created_at", "is_finished", "due_on", "content")
    statement = compiled(rows.values_list(*columns))
    until = datetime(2999, 1, 1, tzinfo=UTC)
    expected = list(Todo.objects.values_list(*columns))
    assert statement.rows(creator=owner.pk, until=until) == expected
    assert statement.rows(creator=str(owner.pk), until=until.isoformat()) == expected
    assert statement.rows(creator=uuid4(), until=until) == []


def test_a_list_of_values_is_one_column(owner):
    roles = Group.objects.filter(user=OuterRef("pk")).values(value=F("name"))
    found = User.objects.annotate(roles=ListOf(roles.order_by("name")))
    owner.groups.add(Group.objects.get(name="auditor"))
    assert found.get(pk=owner.pk).roles == ["auditor", "member"]
    owner.groups.clear()
    assert found.get(pk=owner.pk).roles == []


def test_a_list_of_ids_has_ids(todo, owner):
    others = Todo.objects.filter(list=OuterRef("list")).values(value=F("pk"))
    assert Todo.objects.annotate(ids=ListOf(others, UUID)).get().ids == [todo.pk]


def test_a_user_is_found_with_roles_and_permissions(owner):
    found: Any = find_user(owner.pk)
    assert found == owner
    assert found.role_names == owner.role_names == ["member"]
    with_queries = User.objects.get(pk=owner.pk)
    assert found.get_all_permissions() == with_queries.get_all_permissions()
    assert {
        field.attname: getattr(found, field.attname) for field in User._meta.fields
    } == {
        field.attname: getattr(with_queries, field.attname)
        for field in User._meta.fields
    }
    assert find_user(uuid4()) is None
