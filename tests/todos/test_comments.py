"""Comments: authors change theirs; owners delete any."""

from __future__ import annotations

import pytest

from core.errors import Forbidden, Missing, Stale
from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import fresh, last_event, member, verbs
from todos.models import Comment
from todos.services.comments import add_comment, edit_comment, remove_comment
from todos.services.sharing import remove_member
from todos.services.trash import restore_todo, trash_todo


@pytest.fixture
def comment(editor, todo):
    return add_comment(actor=editor, todo=todo, text="Which tree?", now=NOW)


def edit(user, comment, text="An oak?", **options):
    return edit_comment(actor=user, comment=comment, text=text, now=NOW, **options)


def remove(user, comment, **options):
    remove_comment(actor=user, comment=comment, now=NOW, **options)


def test_comment_is_recorded_in_its_list(comment, todo):
    assert comment.list == todo.list
    assert last_event(comment).changes == {
        "todo": [None, str(todo.pk)],
        "text": [None, "Which tree?"],
    }
    assert last_event(comment).stream_id == todo.list_id


def test_only_the_author_edits_a_comment(owner, editor, comment):
    assert edit(editor, comment, expected={"1"}).version == 2
    assert last_event(comment).changes == {"text": ["Which tree?", "An oak?"]}
    with pytest.raises(Forbidden):
        edit(owner, comment)
    with pytest.raises(Stale):
        edit(editor, comment, expected={"1"})


def test_owners_delete_any_comment(owner, viewer, outsider, comment):
    with pytest.raises(Forbidden):
        remove(viewer, comment)
    with pytest.raises(Missing):
        remove(outsider, comment)
    remove(owner, comment)
    assert not Comment.objects.filter(pk=comment.pk).exists()


def test_deleting_a_comment_redacts_its_events(editor, comment):
    edit(editor, comment)
    remove(editor, comment)
    assert verbs(comment) == ["comment.created", "comment.changed", "comment.removed"]
    recorded = Event.objects.about("comment", comment.pk)
    assert "tree" not in str([event.changes for event in recorded])
    assert "oak" not in str([event.changes for event in recorded])


def test_comments_of_a_trashed_todo_are_hidden(owner, editor, todo, comment):
    trash_todo(actor=owner, todo=todo, now=NOW)
    for scope in (Comment.objects.visible_to, Comment.objects.editable_by):
        assert not scope(editor).exists()
    for act in (edit, remove):
        with pytest.raises(Missing):
            act(editor, comment)
    restore_todo(actor=owner, todo=fresh(todo), now=NOW)
    assert list(Comment.objects.visible_to(editor)) == [comment]


def test_former_members_cannot_change_their_comments(owner, editor, todo, comment):
    remove_member(actor=owner, membership=member(todo.list, editor), now=NOW)
    with pytest.raises(Missing):
        edit(editor, comment)
    assert fresh(comment).text == "Which tree?"


def test_viewers_cannot_comment(viewer, todo):
    with pytest.raises(Forbidden):
        add_comment(actor=viewer, todo=todo, text="x", now=NOW)
