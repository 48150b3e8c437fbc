"""Stale forms of lists, members, labels, comments, users and roles."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import Role
from tests.admin.cast import form_of, rows_of, text_of
from tests.admin.conflicts import keep_mine
from tests.conftest import browser_for, make_person
from todos.models import MemberRole, Membership
from todos.services.comments import edit_comment
from todos.services.labels import edit_label
from todos.services.lists import edit_list
from todos.services.sharing import change_member


def test_stale_forms_of_lists_labels_and_comments_are_conflicts(
    owner, owner_browser, editor, todo_list
):
    now = timezone.now()
    rows = rows_of(owner, todo_list, "Own")
    pages = {
        f"/admin/todos/label/{rows.label.pk}/change/": (
            "name",
            lambda: edit_label(actor=editor, label=rows.label, name="theirs", now=now),
        ),
        f"/admin/todos/comment/{rows.comment.pk}/change/": (
            "text",
            lambda: edit_comment(
                actor=owner, comment=rows.comment, text="theirs", now=now
            ),
        ),
        f"/admin/todos/todolist/{todo_list.pk}/change/": (
            "name",
            lambda: edit_list(actor=owner, todo_list=todo_list, name="theirs", now=now),
        ),
    }
    for page, (field, meddle) in pages.items():
        data = form_of(owner_browser.get(page))
        meddle()
        answer = owner_browser.post(page, data | {field: "mine"})
        assert answer.status_code == 409, page
        assert "theirs" in text_of(answer)
        assert keep_mine(owner_browser, page, answer).status_code == 302
    todo_list.refresh_from_db()
    assert todo_list.name == "mine"


def test_a_stale_role_of_a_member_is_a_conflict(
    owner, owner_browser, editor, todo_list
):
    page = f"/admin/todos/todolist/{todo_list.pk}/change/"
    data = form_of(owner_browser.get(page))
    membership = Membership.objects.get(user=editor, list=todo_list)
    prefix = next(
        name.removesuffix("-id")
        for name, value in data.items()
        if name.endswith("-id") and value == str(membership.pk)
    )
    change_member(
        actor=owner, membership=membership, role=MemberRole.VIEWER, now=timezone.now()
    )
    typed = data | {f"{prefix}-role": "owner"}
    answer = owner_browser.post(page, typed)
    assert answer.status_code == 409
    assert "Edgar Editor" in text_of(answer)
    assert keep_mine(owner_browser, page, answer).status_code == 302
    membership.refresh_from_db()
    assert membership.role == "owner"


def test_a_role_that_the_user_did_not_change_keeps_the_newer_value(
    owner, owner_browser, editor, todo_list
):
    page = f"/admin/todos/todolist/{todo_list.pk}/change/"
    data = form_of(owner_browser.get(page))
    membership = Membership.objects.get(user=editor, list=todo_list)
    change_member(
        actor=owner, membership=membership, role=MemberRole.VIEWER, now=timezone.now()
    )
    answer = owner_browser.post(page, data | {"name": "Orchard"})
    assert answer.status_code == 302
    membership.refresh_from_db()
    todo_list.refresh_from_db()
    assert (membership.role, todo_list.name) == ("viewer", "Orchard")


def test_stale_forms_of_users_and_roles_are_conflicts(administrator, owner):
    browser = browser_for(administrator)
    role = Role.objects.create(name="gardener")
    make_person("gus", "gardener")
    for page, field in (
        (f"/admin/accounts/user/{owner.pk}/change/", "display_name"),
        (f"/admin/accounts/role/{role.pk}/change/", "name"),
    ):
        data = form_of(browser.get(page))
        assert browser.post(page, data | {field: "First"}).status_code == 302
        answer = browser.post(page, data | {field: "Second"})
        assert answer.status_code == 409, page
        assert "First" in text_of(answer)
        assert keep_mine(browser, page, answer).status_code == 302


def test_a_stale_profile_form_keeps_what_was_typed(owner, owner_browser):
    page = "/admin/accounts/user/me/"
    typed = {"time_zone": "UTC", "language": "en", "version": "1"}
    assert owner_browser.post(page, typed | {"display_name": "A"}).status_code == 302
    answer = owner_browser.post(page, typed | {"display_name": "B"})
    assert "changed in the meantime" in text_of(answer)
    assert 'value="B"' in text_of(answer)
    again = typed | {
        "display_name": "B",
        "version": answer.context["form"]["version"].value(),
    }
    assert owner_browser.post(page, again).status_code == 302
    owner.refresh_from_db()
    assert owner.display_name == "B"
