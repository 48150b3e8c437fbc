"""Labels of a list."""

from __future__ import annotations

import pytest

from core.errors import Forbidden, Missing, Stale
from tests.conftest import NOW
from tests.todos.helpers import fresh, label, last_event, put, verbs
from todos.models import Label
from todos.services.labels import LabelExists, edit_label, remove_label
from todos.services.lists import add_list, edit_list
from todos.services.locking import ListIsArchived
from todos.services.trash import trash_todo


def edit(user, which, **fields):
    return edit_label(actor=user, label=which, now=NOW, **fields)


def test_label_names_are_unique_in_a_list_in_any_case_and_width(owner, todo_list):
    label(owner, todo_list, "Straße")
    for same in ("STRASSE", "strasse", "ＳＴＲＡＳＳＥ", " Straße "):
        with pytest.raises(LabelExists):
            label(owner, todo_list, same)
    other = add_list(actor=owner, name="Other", now=NOW)
    assert label(owner, other, "strasse").list == other


def test_an_editor_renames_and_recolours_a_label(editor, todo_list):
    red = label(editor, todo_list, "red")
    assert edit(editor, red, name="RED").name == "RED"
    changed = edit(editor, red, name="crimson", colour="#dc143c", expected={"2"})
    assert (changed.name_key, changed.version) == ("crimson", 3)
    assert last_event(red).changes == {
        "name": ["RED", "crimson"],
        "colour": ["", "#dc143c"],
    }
    label(editor, todo_list, "blue")
    with pytest.raises(LabelExists):
        edit(editor, red, name="Blue")
    with pytest.raises(Stale):
        edit(editor, red, name="x", expected={"2"})


def test_deleting_a_label_records_an_event_for_each_of_its_todos(owner, todo_list):
    red, blue = label(owner, todo_list, "red"), label(owner, todo_list, "blue")
    both = put(owner, todo_list, labels=[red, blue])
    trashed = put(owner, todo_list, labels=[red])
    plain = put(owner, todo_list)
    trash_todo(actor=owner, todo=trashed, now=NOW)
    remove_label(actor=owner, label=red, now=NOW)
    assert list(both.labels.all()) == [blue]
    assert last_event(both).changes == {
        "labels": [sorted([str(red.pk), str(blue.pk)]), [str(blue.pk)]]
    }
    assert [fresh(todo).version for todo in (both, trashed, plain)] == [2, 3, 1]
    assert verbs(red) == ["label.created", "label.removed"]
    with pytest.raises(Missing):
        remove_label(actor=owner, label=red, now=NOW)


def test_viewers_and_outsiders_cannot_change_labels(owner, viewer, outsider, todo_list):
    red = label(owner, todo_list, "red")
    for user, refusal in ((viewer, Forbidden), (outsider, Missing)):
        with pytest.raises(refusal):
            label(user, todo_list, "blue")
        with pytest.raises(refusal):
            edit(user, red, name="blue")
        with pytest.raises(refusal):
            remove_label(actor=user, label=red, now=NOW)
    assert Label.objects.get(list=todo_list).name == "red"


def test_labels_of_an_archived_list_cannot_change(owner, todo_list):
    red = label(owner, todo_list, "red")
    edit_list(actor=owner, todo_list=todo_list, is_archived=True, now=NOW)
    with pytest.raises(ListIsArchived):
        edit(owner, red, name="blue")
