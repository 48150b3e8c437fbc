"""Add and change people, without privilege escalation."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from accounts.models import Role, User
from accounts.services.passwords import hash_password
from accounts.services.people import (
    CannotRemoveYourself,
    EmailTaken,
    add_person,
    change_person,
    change_profile,
    set_password,
)
from core.errors import Forbidden, Invalid, Missing, Stale
from core.models import Event
from tests.conftest import NOW, PASSWORD, make_person
from todos.models import TodoList

pytestmark = pytest.mark.django_db


def roles(*names):
    return list(Role.objects.filter(name__in=names))


def reload(user):
    """Return the person as the next request loads them."""
    return User.objects.get(pk=user.pk)


def add(actor, username="new", **fields):
    return add_person(
        actor=actor,
        username=username,
        password_hash=hash_password(PASSWORD),
        now=NOW,
        **fields,
    )


def change(actor, person, **fields):
    return change_person(actor=actor, person=person, now=NOW, **fields)


def last(person):
    return Event.objects.about("user", person.pk).order_by("pk").last()


def test_a_manager_adds_people_who_have_an_inbox_and_can_sign_in(manager):
    person = add(manager, email="new@example.com", roles=roles("member"))
    assert TodoList.objects.filter(inbox_of=person).exists()
    assert authenticate(username="new", password=PASSWORD) == person
    event = last(person)
    assert (event.verb, event.actor_id) == ("user.created", manager.pk)
    assert event.changes["roles"] == [None, ["member"]]
    assert PASSWORD not in str(event.changes)
    assert person.password not in str(event.changes)


def test_a_person_without_a_password_cannot_sign_in(manager):
    person = add_person(
        actor=manager, username="new", password_hash=hash_password(None), now=NOW
    )
    assert not person.has_usable_password()


@pytest.mark.parametrize("actor", ["owner", "auditor"])
def test_members_and_auditors_cannot_manage_people(request, actor, outsider):
    user = request.getfixturevalue(actor)
    for act in (
        lambda: add(user),
        lambda: change(user, outsider, display_name="x"),
        lambda: set_password(
            actor=user, person=outsider, password_hash=hash_password("x"), now=NOW
        ),
    ):
        with pytest.raises(Forbidden):
            act()
    assert reload(outsider).display_name == "Otto Outsider"


@pytest.mark.parametrize(
    "same", ["STRASSE@example.com", "straße@EXAMPLE.com", "ＳＴＲＡＳＳＥ@example.com"]
)
def test_email_addresses_are_unique_in_any_case_and_width(manager, owner, same):
    add(manager, email="Straße@example.com")
    with pytest.raises(EmailTaken):
        add(manager, "other", email=same)
    with pytest.raises(EmailTaken):
        change(manager, owner, email=same)
    assert add(manager, "third").email_key is None
    assert add(manager, "fourth").email_key is None


def test_a_manager_cannot_assign_a_role_beyond_their_own(manager, owner):
    for wanted in ("administrator", "auditor"):
        with pytest.raises(Forbidden):
            add(manager, roles=roles(wanted))
        with pytest.raises(Forbidden):
            change(manager, owner, roles=roles("member", wanted))
        with pytest.raises(Forbidden):
            change(manager, manager, roles=roles("manager", wanted))
    assert [role.name for role in owner.groups.all()] == ["member"]


def test_a_manager_cannot_change_people_with_more_permissions(
    manager, administrator, auditor
):
    root = User.objects.create_superuser("root")
    for person in (administrator, auditor, root):
        for act in (
            lambda person=person: change(manager, person, display_name="x"),
            lambda person=person: change(manager, person, roles=[]),
            lambda person=person: change(manager, person, is_active=False),
            lambda person=person: set_password(
                actor=manager, person=person, password_hash=hash_password("x"), now=NOW
            ),
        ):
            with pytest.raises(Forbidden):
                act()


def test_only_superusers_create_superusers(manager, administrator, owner):
    for actor in (manager, administrator):
        with pytest.raises(Forbidden):
            add(actor, is_superuser=True)
        with pytest.raises(Forbidden):
            change(actor, owner, is_superuser=True)
    root = User.objects.create_superuser("root")
    assert change(root, owner, is_superuser=True).is_superuser


def test_changing_roles_records_one_event(administrator, owner):
    change(administrator, owner, roles=roles("auditor"), display_name="O")
    assert last(owner).changes == {
        "display_name": ["Olga Owner", "O"],
        "roles": [["member"], ["auditor"]],
    }
    before = Event.objects.count()
    change(administrator, owner, roles=roles("auditor"))
    assert Event.objects.count() == before


def test_an_edit_of_a_stale_version_is_refused(administrator, owner):
    change(administrator, owner, display_name="x", expected={"1"})
    with pytest.raises(Stale):
        change(administrator, owner, display_name="y", expected={"1"})
    with pytest.raises(Stale):
        change_profile(actor=owner, now=NOW, display_name="y", expected={"1"})


def test_people_cannot_disable_themselves(administrator):
    with pytest.raises(CannotRemoveYourself):
        change(administrator, administrator, is_active=False)


def test_user_names_are_normalised(manager, owner):
    assert add(manager, "ｎｅｗ").username == "new"
    assert change(manager, owner, username="ｏｌｇａ２").username == "olga2"


def test_people_change_their_own_profile(owner):
    changed = change_profile(
        actor=owner, now=NOW, display_name="O", time_zone="Asia/Shanghai"
    )
    assert (changed.version, changed.updated_by) == (2, owner)
    assert last(owner).changes == {
        "display_name": ["Olga Owner", "O"],
        "time_zone": ["UTC", "Asia/Shanghai"],
    }


def test_a_new_password_is_recorded_without_its_value(owner):
    new = hash_password("a new secret")
    set_password(actor=owner, person=owner, password_hash=new, now=NOW)
    event = last(owner)
    assert (event.verb, event.changes) == ("user.password_changed", {})
    assert authenticate(username="olga", password="a new secret") == owner


def test_a_deleted_person_is_missing(administrator):
    with pytest.raises(Missing):
        change(administrator, User(username="nobody"), display_name="x")


def test_people_see_those_they_share_a_list_with(
    owner, editor, viewer, outsider, manager, todo_list
):
    visible = User.objects.visible_to
    assert set(visible(owner)) == {owner, editor, viewer}
    assert set(visible(outsider)) == {outsider}
    assert set(visible(manager)) == set(User.objects.all())
    todo_list.deleted_at = NOW
    todo_list.save()
    assert set(visible(owner)) == {owner}


def test_people_are_found_by_exact_name_or_address(owner):
    named = User.objects.named
    for name in ("olga", "OLGA@example.com", " olga@EXAMPLE.com "):
        assert named(name) == owner
    for name in ("olg", "", "Olga Owner"):
        assert named(name) is None
    make_person("nomail")
    assert named("") is None


def test_a_refusal_of_input_names_its_field(owner, manager):
    with pytest.raises(Invalid) as refusal:
        add(manager, email="olga@example.com")
    assert refusal.value.field == "email"


def test_user_names_are_unique_in_any_case_and_width(owner, manager):
    for name in ("OLGA", "Olga", "ｏｌｇａ"):
        with pytest.raises(Invalid) as refusal:
            add(manager, username=name)
        assert refusal.value.code == "username_taken"
        assert User.objects.named(name) == owner
        assert authenticate(username=name, password=PASSWORD) == owner
    other = make_person("boris")
    with pytest.raises(Invalid):
        change_person(actor=manager, person=other, username="oLGa", now=NOW)
    assert change_person(actor=manager, person=owner, username="Olga", now=NOW)


def test_the_email_key_follows_the_address(db):
    person = make_person("x", email="Straße@Example.com")
    assert reload(person).email_key == "strasse@example.com"
    change_person(actor=None, person=person, email="", now=NOW)
    assert reload(person).email_key is None
    assert User.objects.named("strasse@example.com") is None


def test_a_user_name_that_is_anothers_address_names_nobody(db):
    olga = make_person("olga", email="olga@example.com")
    assert User.objects.named("OLGA@example.com") == olga
    make_person("olga@example.com")
    assert User.objects.named("olga@example.com") is None
    assert User.objects.named("olga") == olga
