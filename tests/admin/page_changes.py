"""Pages about lists, and every kind of change that they may show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.images import square_image
from accounts.models import Role, User
from accounts.services.avatars import remove_avatar, set_avatar
from accounts.services.people import change_person, change_profile, remove_person
from accounts.services.roles import change_role
from tests.admin.cast import address
from tests.conftest import make_person
from tests.files.attaching import attach
from tests.images import picture
from todos.models import Comment, Label, MemberRole, Membership, Todo, TodoList
from todos.services.attachments import rename_attachment
from todos.services.comments import add_comment, edit_comment, remove_comment
from todos.services.labels import add_label, edit_label, remove_label
from todos.services.lists import add_list, edit_list, inbox_of, restore_list, trash_list
from todos.services.sharing import change_member, remove_member, share_list
from todos.services.todos import add_todo, edit_todo, finish_todo, reopen_todo
from todos.services.trash import restore_todo, trash_todo

PAGES = {
    "home": ("index", ""),
    "todos": ("todos_todo_changelist", ""),
    "finished todos": ("todos_todo_changelist", "?state=finished"),
    "a search": ("todos_todo_changelist", "?q=water"),
    "the trash": ("todos_todo_trash", ""),
    "lists": ("todos_todolist_changelist", ""),
    "labels": ("todos_label_changelist", ""),
    "a todo": ("todos_todo_change", "todo"),
    "a new todo": ("todos_todo_add", ""),
    "a list": ("todos_todolist_change", "list"),
    "a label": ("todos_label_change", "label"),
    "a comment": ("todos_comment_change", "comment"),
}


@dataclass
class World:
    """A list that two people share; `olga` looks at pages."""

    olga: User
    edgar: User
    list: TodoList
    todo: Todo
    label: Label
    comment: Comment

    def url(self, page: str) -> str:
        name, rest = PAGES[page]
        if rest and not rest.startswith("?"):
            return address(name, getattr(self, rest).pk)
        return address(name) + rest


def role_named(name: str) -> Role:
    role: Role = Role.objects.get(name=name)  # type: ignore[assignment]
    return role


Change = Callable[[World], object]
CHANGES: dict[str, Change] = {
    "a todo is added": lambda w: add_todo(
        actor=w.edgar, todo_list=w.list, content="Water more", now=timezone.now()
    ),
    "a todo is changed": lambda w: edit_todo(
        actor=w.edgar, todo=w.todo, content="Water less", now=timezone.now()
    ),
    "a todo is assigned": lambda w: edit_todo(
        actor=w.edgar, todo=w.todo, assignee=w.edgar, now=timezone.now()
    ),
    "a todo loses its labels": lambda w: edit_todo(
        actor=w.edgar, todo=w.todo, labels=[], now=timezone.now()
    ),
    "a todo is moved to another list": lambda w: edit_todo(
        actor=w.olga,
        todo=w.todo,
        todo_list=inbox_of(w.olga, now=timezone.now()),
        now=timezone.now(),
    ),
    "a todo is finished": lambda w: finish_todo(
        actor=w.edgar, todo=w.todo, now=timezone.now()
    ),
    "a todo is finished and reopened": lambda w: [
        step(actor=w.edgar, todo=w.todo, now=timezone.now())
        for step in (finish_todo, reopen_todo)
    ],
    "a todo is trashed": lambda w: trash_todo(
        actor=w.edgar, todo=w.todo, now=timezone.now()
    ),
    "a todo is trashed and restored": lambda w: [
        step(actor=w.edgar, todo=w.todo, now=timezone.now())
        for step in (trash_todo, restore_todo)
    ],
    "a comment is added": lambda w: add_comment(
        actor=w.edgar, todo=w.todo, text="Done soon", now=timezone.now()
    ),
    "a comment is changed": lambda w: edit_comment(
        actor=w.olga, comment=w.comment, text="Changed", now=timezone.now()
    ),
    "a comment is removed": lambda w: remove_comment(
        actor=w.olga, comment=w.comment, now=timezone.now()
    ),
    "a file is attached": lambda w: attach(w.edgar, w.todo, now=timezone.now()),
    "a file is attached and renamed": lambda w: rename_attachment(
        actor=w.edgar,
        attachment=attach(w.edgar, w.todo, now=timezone.now()),
        name="other.txt",
        now=timezone.now(),
    ),
    "a file is attached to a comment": lambda w: attach(
        w.olga, w.todo, comment=w.comment, now=timezone.now()
    ),
    "a label is added": lambda w: add_label(
        actor=w.edgar, todo_list=w.list, name="new", now=timezone.now()
    ),
    "a label is renamed": lambda w: edit_label(
        actor=w.edgar, label=w.label, name="other", now=timezone.now()
    ),
    "a label is removed": lambda w: remove_label(
        actor=w.edgar, label=w.label, now=timezone.now()
    ),
    "a list is renamed": lambda w: edit_list(
        actor=w.olga, todo_list=w.list, name="Other", now=timezone.now()
    ),
    "a list gets another colour": lambda w: edit_list(
        actor=w.olga, todo_list=w.list, colour="#d64545", now=timezone.now()
    ),
    "a list is archived": lambda w: edit_list(
        actor=w.olga, todo_list=w.list, is_archived=True, now=timezone.now()
    ),
    "a list is trashed": lambda w: trash_list(
        actor=w.olga, todo_list=w.list, now=timezone.now()
    ),
    "a list is trashed and restored": lambda w: [
        step(actor=w.olga, todo_list=w.list, now=timezone.now())
        for step in (trash_list, restore_list)
    ],
    "a list is added": lambda w: add_list(
        actor=w.olga, name="Another", now=timezone.now()
    ),
    "a list is shared": lambda w: share_list(
        actor=w.olga,
        todo_list=w.list,
        user=make_person("vera"),
        role=MemberRole.VIEWER,
        now=timezone.now(),
    ),
    "a member becomes a viewer": lambda w: change_member(
        actor=w.olga,
        membership=Membership.objects.get(list=w.list, user=w.edgar),
        role=MemberRole.VIEWER,
        now=timezone.now(),
    ),
    "a member is removed": lambda w: remove_member(
        actor=w.olga,
        membership=Membership.objects.get(list=w.list, user=w.edgar),
        now=timezone.now(),
    ),
    "a member is renamed": lambda w: change_profile(
        actor=w.edgar, display_name="Edward", now=timezone.now()
    ),
    "a member gets a picture": lambda w: set_avatar(
        actor=w.edgar, image=square_image(picture()), now=timezone.now()
    ),
    "a member gets a picture and loses it": lambda w: [
        set_avatar(actor=w.edgar, image=square_image(picture()), now=timezone.now()),
        remove_avatar(actor=w.edgar, person=w.edgar, now=timezone.now()),
    ],
    "the reader gets a picture": lambda w: set_avatar(
        actor=w.olga, image=square_image(picture()), now=timezone.now()
    ),
    "a member is disabled": lambda w: change_person(
        actor=None, person=w.edgar, is_active=False, now=timezone.now()
    ),
    "a member is deleted": lambda w: remove_person(
        actor=None, person=w.edgar, now=timezone.now()
    ),
    "the reader speaks Chinese": lambda w: change_profile(
        actor=w.olga, language="zh-hans", now=timezone.now()
    ),
    "the reader travels": lambda w: change_profile(
        actor=w.olga, time_zone="Pacific/Kiritimati", now=timezone.now()
    ),
    "the reader's role permits less": lambda w: change_role(
        actor=None,
        role=role_named("member"),
        permissions=list(Permission.objects.filter(codename="view_todo")),
        now=timezone.now(),
    ),
    "the reader gets another role": lambda w: change_person(
        actor=None,
        person=w.olga,
        roles=[role_named("member"), role_named("manager")],
        now=timezone.now(),
    ),
}
