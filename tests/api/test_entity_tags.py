"""An ETag covers everything that a response shows, other rows' data included."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import timedelta
from hashlib import md5

import pytest
from django.urls import resolve
from joserfc.jwk import ECKey
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.images import square_image
from accounts.models import Role
from accounts.services.avatars import set_avatar
from accounts.services.keys import issue_key, revoke_key, set_encryption_key
from accounts.services.people import change_person, change_profile, remove_person
from accounts.services.roles import change_role
from core.api.event_serializers import EventSerializer
from core.models import Event
from tests.api.matrix_table import ROWS
from tests.conftest import NOW, browser_for, make_person
from tests.files.attaching import attach
from tests.images import picture
from tests.todos.helpers import fresh, label, member, put
from todos.models import MemberRole
from todos.services.attachments import remove_attachment, rename_attachment
from todos.services.comments import add_comment, edit_comment, remove_comment
from todos.services.labels import edit_label, remove_label
from todos.services.lists import add_list, edit_list, restore_list, trash_list
from todos.services.moving import reposition_todo
from todos.services.sharing import change_member, remove_member, share_list
from todos.services.todos import edit_todo, finish_todo, reopen_todo
from todos.services.trash import purge_todo, restore_todo, trash_todo

# The fields of each kind of row that nothing changes once the row exists.
CREATED = {"id", "created_at"}
FIXED = {
    "me": CREATED,
    "keys": CREATED
    | {"name", "public_id", "scopes", "expires_at", "signature", "public_key"},
    "lists": CREATED | {"created_by", "is_inbox"},
    "members": CREATED,
    "labels": CREATED | {"created_by", "list"},
    "todos": CREATED | {"created_by", "uid"},
    "history": set(EventSerializer.Meta.fields) - {"actor_label"},
    "comments": CREATED | {"created_by", "updated_by", "todo"},  # only authors edit
    "attachments": CREATED
    | {"created_by", "todo", "comment", "size", "media_type", "sha256"},
}
ALL = "?page_size=200"
TRASH = [f"/api/v1/{name}{ALL}&state=trashed" for name in ("todos", "lists")]
COLLECTIONS = (
    "/lists",
    "/labels",
    "/todos",
    "/history",
    "/comments",
    "/members",
    "/attachments",
)


def role(name):
    return Role.objects.get(name=name)


class World:
    """A row of every kind, as an administrator who edits the shared list sees them."""

    def __init__(self, owner, reader, todo_list, todo):
        self.owner, self.reader, self.list, self.todo = owner, reader, todo_list, todo
        self.now = NOW
        share_list(
            actor=owner,
            todo_list=todo_list,
            user=reader,
            role=MemberRole.EDITOR,
            now=NOW,
        )
        self.mate = make_person("mate")
        share_list(
            actor=owner,
            todo_list=todo_list,
            user=self.mate,
            role=MemberRole.EDITOR,
            now=NOW,
        )
        self.other = put(owner, todo_list, "Other")
        self.spare = put(owner, todo_list, "Spare")
        self.trashed = put(owner, todo_list, "Trashed")
        trash_todo(actor=owner, todo=self.trashed, now=NOW)
        self.label = label(owner, todo_list, "red")
        self.comment = add_comment(actor=owner, todo=todo, text="Yes", now=NOW)
        self.attachment = attach(owner, todo, now=NOW)
        self.gone = add_list(actor=reader, name="Gone", now=NOW)
        trash_list(actor=reader, todo_list=self.gone, now=NOW)
        self.key, _token = issue_key(actor=None, user=reader, name="key", now=NOW)
        self.role = role("member")
        self.ids = {
            "list": todo_list.pk,
            "member": member(todo_list, reader).pk,
            "label": self.label.pk,
            "todo": todo.pk,
            "comment": self.comment.pk,
            "attachment": self.attachment.pk,
            "user": self.mate.pk,
            "role": self.role.pk,
            "key": self.key.pk,
            "event": Event.objects.latest("at").pk,
        }

    def do(self, verb, **fields):
        return verb(actor=self.owner, now=self.now, **fields)

    def own(self, verb, **fields):
        return verb(actor=self.reader, now=self.now, **fields)

    def edit(self, **fields):
        self.do(edit_todo, todo=fresh(self.todo), **fields)


def use_key(world):
    type(world.key).objects.filter(pk=world.key.pk).update(last_used_at=world.now)


def trash_again(world):
    world.do(restore_todo, todo=fresh(world.trashed))
    world.do(trash_todo, todo=fresh(world.trashed))


CAUSES = {
    "edit every field of a todo": lambda w: w.edit(
        content="x", notes="x", priority=1, due_on=NOW.date(), starts_on=NOW.date(),
        due_time=NOW.time(), due_zone="Asia/Shanghai", parent=w.other,
    ),
    "label a todo": lambda w: w.edit(labels=[w.label]),
    "rename a label": lambda w: w.do(edit_label, label=w.label, name="x", colour=""),
    "recolour a label": lambda w: w.own(edit_label, label=w.label, colour="#111111"),
    "delete a label": lambda w: w.do(remove_label, label=w.label),
    "assign": lambda w: w.edit(assignee=w.mate),
    "the assignee gets another name": lambda w: change_profile(
        actor=w.mate, display_name="Mate", now=w.now
    ),
    "the assignee leaves": lambda w: w.do(
        remove_member, membership=member(w.list, w.mate)
    ),
    "share": lambda w: w.do(
        share_list, todo_list=fresh(w.list), user=w.mate, role=MemberRole.VIEWER
    ),
    "finish": lambda w: w.do(finish_todo, todo=fresh(w.todo)),
    "reopen": lambda w: w.do(reopen_todo, todo=fresh(w.todo)),
    "reposition": lambda w: w.do(
        reposition_todo, todo=fresh(w.todo), after=fresh(w.other)
    ),
    "trash a todo": lambda w: w.do(trash_todo, todo=fresh(w.spare)),
    "trash a todo again": trash_again,
    "restore a todo": lambda w: w.do(restore_todo, todo=fresh(w.trashed)),
    "purge a todo": lambda w: w.do(purge_todo, todo=fresh(w.spare)),
    "a public key for responses": lambda w: w.own(
        set_encryption_key,
        key=w.key,
        encryption_key=ECKey.generate_key().as_dict(private=False),
    ),
    "one's own picture": lambda w: set_avatar(
        actor=w.reader, image=square_image(picture()), now=w.now
    ),
    "edit a comment": lambda w: w.do(edit_comment, comment=w.comment, text="x"),
    "delete a comment": lambda w: w.do(remove_comment, comment=fresh(w.comment)),
    "rename an attachment": lambda w: w.own(
        rename_attachment, attachment=w.attachment, name="x.txt"
    ),
    "delete an attachment": lambda w: w.do(
        remove_attachment, attachment=fresh(w.attachment)
    ),
    "require encrypted writes": lambda w: w.do(
        edit_list, todo_list=w.list, requires_encrypted_writes=True
    ),
    "archive a list": lambda w: w.do(edit_list, todo_list=w.list, is_archived=True),
    "open a list": lambda w: w.do(edit_list, todo_list=w.list, is_archived=False),
    "one's own colour and position": lambda w: w.own(
        edit_list, todo_list=w.list, colour="#222222", position="b0"
    ),
    "one's own role": lambda w: w.do(
        change_member, membership=member(w.list, w.reader), role=MemberRole.OWNER
    ),
    "rename a list": lambda w: w.own(edit_list, todo_list=w.list, name="x"),
    "move a todo": lambda w: w.own(
        edit_todo, todo=fresh(w.todo), todo_list=w.reader.inbox
    ),
    "add a todo": lambda w: put(w.owner, fresh(w.list)),
    "rename a role": lambda w: change_role(
        actor=None, role=w.role, name="x", permissions=[], now=w.now
    ),
    "the reader's profile": lambda w: change_profile(
        actor=fresh(w.reader), display_name="R", time_zone="Asia/Tokyo",
        language="zh-hans", now=w.now,
    ),
    "the reader's account": lambda w: change_person(
        actor=None, person=fresh(w.reader), username="rita", email="r@example.com",
        roles=[role("manager")], now=w.now,
    ),
    "a key is used": use_key,
    "a key is revoked": lambda w: revoke_key(actor=None, key=fresh(w.key), now=w.now),
    "restore a list": lambda w: w.own(restore_list, todo_list=w.gone),
    "disable a person": lambda w: change_person(
        actor=None, person=fresh(w.mate), is_active=False, now=w.now
    ),
    "remove a person": lambda w: remove_person(
        actor=None, person=fresh(w.owner), now=w.now
    ),
}  # fmt: skip


@pytest.fixture
def world(owner, todo_list, todo):
    reader = make_person("reader", "member", "administrator")
    return World(owner, reader, todo_list, todo)


def first_answers(world, browser):
    """Return the answers of all paths, with all their rows."""
    # The tag of a file is a digest of its content.
    read = [
        row
        for row in ROWS.values()
        if row.method == "GET" and not row.endpoint.endswith("/content")
    ]
    paths = [row.path.format(**world.ids) for row in read]
    wide = [f"{path}{ALL}" if path.endswith(COLLECTIONS) else path for path in paths]
    return {path: browser.get(path) for path in [*wide, *TRASH]}


def has_own_tag(answer):
    """Return whether the tag is not a digest of the content, which misses no change."""
    digest = md5(answer.content, usedforsecurity=False).hexdigest()
    return answer.status_code == 200 and digest not in answer.get("ETag", digest)


def read(world, paths):
    """Return {path: (ETag, body)} of the rows that are there.

    The views are called directly, with a reader who is loaded once: the middleware,
    which does not touch these tags, would take most of the time.
    """
    reader = fresh(world.reader)
    answers = {path: call_view(path, reader) for path in paths}
    return {
        path: (answer["ETag"], json.loads(answer.rendered_content))
        for path, answer in answers.items()
        if answer.status_code == 200
    }


def call_view(path, user):
    request = APIRequestFactory().get(path)
    force_authenticate(request, user=user)
    view, args, kwargs = resolve(request.path)
    return view(request, *args, **kwargs)


def changed_fields(before, after):
    """Return the names of the fields that differ in rows that were there before."""
    old = {row["id"]: row for row in before.get("results", [before])}
    return {
        name
        for row in after.get("results", [after])
        for name, value in row.items()
        if value != old.get(row["id"], row)[name]
    }


def test_whatever_changes_a_response_changes_its_tag(world):
    seen: defaultdict[str, set[str]] = defaultdict(set)
    answers = first_answers(world, browser_for(world.reader))
    paths = [path for path, answer in answers.items() if has_own_tag(answer)]
    before = first = read(world, paths)
    assert first == {
        path: (answers[path]["ETag"], answers[path].json()) for path in paths
    }
    for name, cause in CAUSES.items():
        world.now += timedelta(hours=1)
        cause(world)
        after = read(world, paths)
        for path in before.keys() & after.keys():
            (old_tag, old), (tag, new) = before[path], after[path]
            assert (tag != old_tag) or new == old, f"{name} leaves the ETag of {path}"
            seen[kind_of(path)] |= changed_fields(old, new)
        before = after
    # Every field that can change was changed, so none goes untested.
    assert {kind_of(path) for path in paths} == set(FIXED)
    for path, (_tag, body) in first.items():
        (row, *_others) = body.get("results", [body])
        assert set(row) - seen[kind_of(path)] == FIXED[kind_of(path)], path


def kind_of(path):
    """Return the kind of row: the last word of the path."""
    words = path.partition("?")[0].split("/")
    return [word for word in words if re.fullmatch("[a-z]+", word)][-1]
