"""The SQL statements of a request, named by their tables; and many rows."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from accounts.models import ApiKey, Role
from accounts.services.keys import issue_key
from tests.conftest import NOW, make_person
from todos.models import MemberRole, Todo
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo, finish_todo, reopen_todo

# The statements of every request.
KEY = "SELECT accounts_apikey"  # the key, its person, and what their roles grant
TAG = "SELECT accounts_user"  # access version and sum of revisions, for the ETag


def statements(api, method, path, body=None):
    """Return the statements of a request, by their tables."""
    ApiKey.objects.update(last_used_at=timezone.now())  # saved at most once a minute
    found = []

    def note(execute, sql, params, many, context):
        found.append(name_of(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = getattr(api, method)(f"/api/v1/{path}", body)
    assert answer.status_code < 400, answer.content
    return found


def gather_statistics():
    """Update the statistics of PostgreSQL, as it does by itself within a minute."""
    if connection.vendor == "postgresql":
        own = ", ".join(connection.introspection.django_table_names())
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {own}")


def name_of(sql):
    """Return the verb and the first table of a statement: SELECT todos_todo."""
    words = sql.replace('"', " ").replace("(", " ").split()
    if "LATERAL" in words:
        return "SELECT todos_todo"  # PostgreSQL merges the page from its lists
    tables = [
        word
        for word in words
        if word.startswith(("todos_", "accounts_", "core_", "auth_"))
    ]
    tables += [word for word in words if word.startswith("django_")]
    verb = "INSERT" if words[0] == "COPY" else words[0]  # of many rows at once
    return " ".join([verb, *tables[:1]]).partition(".")[0]


class Filler:
    """Makes many rows of one kind."""

    def __init__(self, owner, todo_list, todo):
        self.owner, self.todo_list, self.todo = owner, todo_list, todo

    def todos(self, count):
        labels = [self.label(f"{count} {number}") for number in range(2)]
        for number in range(count):
            self.add(number, labels=labels, assignee=self.owner, parent=self.todo)

    def add(self, number, **fields):
        add_todo(
            actor=self.owner,
            todo_list=self.todo_list,
            content=f"todo {number}",
            now=NOW + timedelta(seconds=number),
            **fields,
        )

    def label(self, name):
        return add_label(actor=self.owner, todo_list=self.todo_list, name=name, now=NOW)

    def labels(self, count):
        for number in range(count):
            self.label(f"label {count} {number}")

    def lists(self, count):
        for number in range(count):
            add_list(actor=self.owner, name=f"list {number}", now=NOW)

    def members(self, count):
        for number in range(count):
            share_list(
                actor=self.owner,
                todo_list=self.todo_list,
                user=make_person(f"member-{count}-{number}"),
                role=MemberRole.VIEWER,
                now=NOW,
            )

    def comments(self, count):
        for number in range(count):
            add_comment(actor=self.owner, todo=self.todo, text=str(number), now=NOW)

    def history(self, count):
        for _ in range(count // 2):
            finish_todo(actor=self.owner, todo=self.todo, now=NOW)
            reopen_todo(actor=self.owner, todo=self.todo, now=NOW)

    def keys(self, count):
        for number in range(count):
            issue_key(actor=self.owner, user=self.owner, name=f"k{number}", now=NOW)

    def roles(self, count):
        permissions = list(Permission.objects.all()[:5])
        for number in range(count):
            role = Role.objects.create(name=f"role {count} {number}")
            role.permissions.set(permissions)

    def permissions(self, count):
        kind = ContentType.objects.get_for_model(Todo)
        Permission.objects.bulk_create(
            Permission(content_type=kind, codename=f"do-{count}-{n}", name=f"Do {n}")
            for n in range(count)
        )
