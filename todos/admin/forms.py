"""Forms of lists and todos."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.forms import zone_field
from accounts.models import User
from core.admin.forms import (
    Autocomplete,
    AutocompleteMany,
    GatheringForm,
    Lines,
    ServiceForm,
    remember_initial,
)
from todos.admin.base import choices_in, lists_to_write_in
from todos.admin.colours import ColourField
from todos.admin.new_labels import NewLabelsField, names_in
from todos.models import Comment, Label, MemberRole, Membership, Todo, TodoList

RELATIONS = ("list", "parent", "assignee", "labels")


class TodoForm(ServiceForm):
    """A todo; what it may point at is what its list has."""

    due_zone = zone_field(
        required=False,
        help_text=_("Of the due time. Empty: yours."),
    )
    new_labels = NewLabelsField()

    class Media:
        js = ("admin/js/jquery.init.js", "admin/js/autocomplete.js", "look/within.js")

    class Meta:
        model = Todo
        fields = (
            "content",
            "list",
            "due_on",
            "due_time",
            "due_zone",
            "starts_on",
            "priority",
            "assignee",
            "labels",
            "parent",
            "notes",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self._makes_labels():
            self.fields.pop("new_labels", None)
        for name in RELATIONS:
            if name in self.fields:
                self._choose_within_list(name)

    @property
    def label_names(self) -> list[str]:
        """Return the names of the labels that are to be made."""
        return names_in(self.cleaned_data.get("new_labels", ""))

    def _makes_labels(self) -> bool:
        return "labels" in self.fields and self.user.has_perm("todos.add_label")

    def _lists(self) -> set[UUID]:
        """Return the list that the todo stands in and the one that was chosen."""
        chosen = self.data.get(self.add_prefix("list")) or self.initial.get("list")
        lists = {self.row.list_id} if self.row.list_id else set()
        try:
            return lists | {UUID(str(chosen))}
        except ValueError:
            return lists

    def _choose_within_list(self, name: str) -> None:
        field: Any = self.fields[name]
        db_field = Todo._meta.get_field(name)
        kind = AutocompleteMany if name == "labels" else Autocomplete
        field.widget = kind(db_field, admin.site)
        field.widget.is_required = field.required
        if name != "list":
            field.widget.list_id = self.row.list_id or self.initial.get("list")
            field.widget.attrs["data-within"] = "id_list"
        field.help_text = ""
        field.queryset = choices_in(self.user, name, self._lists())


class QuickAddForm(forms.Form):
    """A todo in one line."""

    content = Todo._meta.get_field("content").formfield()

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        lists = lists_to_write_in(user)
        self.fields["list"] = forms.ModelChoiceField(lists, required=False)

    @property
    def reason(self) -> str:
        """Return why it was refused, in one line."""
        return " ".join(str(word) for words in self.errors.values() for word in words)


class NewSubtaskForm(GatheringForm):
    """The content of a subtask; the rest it has from its parent."""

    class Meta:
        model = Todo
        fields = ("content",)
        widgets = {
            "content": forms.TextInput(attrs={"placeholder": _("Add a subtask …")})
        }

    def validate_unique(self) -> None:
        """Leave the uid, which the service makes, to it."""


class NewCommentForm(GatheringForm):
    """What somebody has to say."""

    class Meta:
        model = Comment
        fields = ("text",)
        widgets = {
            "text": Lines(attrs={"rows": 2, "placeholder": _("Write a comment …")})
        }


class CommentForm(ServiceForm):
    """A comment, to be changed by who wrote it."""

    class Meta:
        model = Comment
        fields = ("text",)
        widgets = {"text": Lines(attrs={"rows": 4})}


class TodoListForm(ServiceForm):
    """A list; the colour is one's own."""

    colour = ColourField(help_text=_("For you alone."))

    class Meta:
        model = TodoList
        fields = ("name", "is_archived")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance._state.adding and "colour" in self.fields:
            self.initial["colour"] = self.instance.colour
            self.fields["colour"].keep(self.instance.colour)  # type: ignore[attr-defined]


class MemberForm(GatheringForm):
    """A member's role, or a new member by exact user name or email address."""

    person = forms.CharField(
        label=_("person"),
        max_length=254,
        widget=forms.TextInput(
            attrs={
                "placeholder": _("User name or email address"),
                "autocomplete": "off",
                "autocapitalize": "none",
            }
        ),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance._state.adding:
            del self.fields["person"]
            self.initial["version"] = self.instance.etag
            remember_initial(self)
        else:
            self.initial["role"] = MemberRole.EDITOR

    def clean_person(self) -> User:
        person: User | None = User.objects.named(self.cleaned_data["person"].strip())
        if person is None:
            raise forms.ValidationError(
                _("There is no person of this name or address."), code="person_unknown"
            )
        return person

    def validate_unique(self) -> None:
        """Leave it to the service, which says who is a member already."""


class LabelForm(ServiceForm):
    """A label of a list."""

    colour = ColourField()

    class Meta:
        model = Label
        fields = ("list", "name", "colour")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "colour" in self.fields:
            self.fields["colour"].keep(self.instance.colour)  # type: ignore[attr-defined]
        if "list" in self.fields:
            field: Any = self.fields["list"]
            field.widget = Autocomplete(Label._meta.get_field("list"), admin.site)
            field.queryset = lists_to_write_in(self.user)

    def validate_unique(self) -> None:
        """Leave it to the service, which compares folded names."""


class MoveForm(forms.Form):
    """Where to."""

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = forms.ModelChoiceField(
            lists_to_write_in(user),
            label=_("list"),
            widget=Autocomplete(Todo._meta.get_field("list"), admin.site),
        )
        self.fields["list"] = field


class LabelWithForm(forms.Form):
    """Which label of the lists concerned."""

    def __init__(self, user: User, lists: set[Any], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        widget = Autocomplete(Todo._meta.get_field("labels"), admin.site)
        widget.list_id = next(iter(lists)) if len(lists) == 1 else None
        self.fields["label"] = forms.ModelChoiceField(
            choices_in(user, "labels", lists), label=_("label"), widget=widget
        )
