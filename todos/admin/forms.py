"""Forms of lists and todos."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.admin.forms import ZoneField
from accounts.models import User
from core.admin.forms import (
    Autocomplete,
    AutocompleteMany,
    RowChoice,
    ServiceForm,
    Textarea,
    remember_initial,
)
from todos.admin.base import choices_in, writable_lists
from todos.admin.colours import ColourField
from todos.admin.new_labels import NewLabelsField, split_names
from todos.models import Comment, Label, MemberRole, Membership, Todo, TodoList


class TodoForm(ServiceForm):
    """A todo; its relations are limited to rows of its list."""

    offered = ("list", "parent", "assignee", "labels")

    due_zone = ZoneField(
        required=False,
        help_text=_("Time zone of the due time; defaults to yours."),
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

    def configure(self) -> None:
        self.shown_list = self.initial.get("list") if self.is_new else self.row.list
        if self.is_new and self.shown_list:
            self.initial["list"] = self.shown_list.pk
        if "labels" not in self.fields or not self.user.has_perm("todos.add_label"):
            self.fields.pop("new_labels", None)
        for name in self.offered:
            if name in self.fields:
                self._choose_within_list(name)

    @property
    def label_names(self) -> list[str]:
        """Return the names of the labels to add to the list."""
        return split_names(self.cleaned_data.get("new_labels", ""))

    def _lists(self) -> set[UUID]:
        """Return the ids of the todo's current list and of the chosen one."""
        chosen = self.data.get(self.add_prefix("list")) or self.initial.get("list")
        lists = {self.row.list_id} if self.row.list_id else set()
        try:
            return lists | {UUID(str(chosen))}
        except ValueError:
            return lists

    def _choose_within_list(self, name: str) -> None:
        field: Any = self.fields[name]
        db_field = Todo._meta.get_field(name)
        widget_class = AutocompleteMany if name == "labels" else Autocomplete
        field.widget = widget_class(db_field, admin.site)
        field.widget.is_required = field.required
        if name != "list":
            field.widget.list_id = self.row.list_id or self.initial.get("list")
            field.widget.attrs["data-within"] = "id_list"
        field.help_text = ""
        field.widget.known = known = self._known(name)
        if self.is_bound or (self.initial.get(name) and not known):
            field.queryset = choices_in(self.user, name, self._lists())
        else:
            field.queryset = field.queryset.none()

    def _known(self, name: str) -> list[Any]:
        """Return the choices that were read with the row."""
        if self.is_bound:
            return []
        match name:
            case "list" if self.shown_list and self.shown_list.is_writable:
                return [self.shown_list]
            case "labels" if not self.is_new:
                return sorted(self.row.labels.all(), key=lambda label: label.name_key)
        return []


class QuickAddForm(forms.Form):
    """A new todo: its content and its list."""

    content = Todo._meta.get_field("content").formfield()

    def __init__(self, user: User, data: QueryDict) -> None:
        super().__init__(data)
        lists = writable_lists(user)
        self.fields["list"] = RowChoice(lists, required=False)

    @property
    def error_text(self) -> str:
        """Return all errors in one line."""
        return " ".join(str(text) for texts in self.errors.values() for text in texts)


class NewSubtaskForm(forms.ModelForm):  # type: ignore[type-arg]
    """The content of a subtask; its list is that of its parent."""

    class Meta:
        model = Todo
        fields = ("content",)
        widgets = {
            "content": forms.TextInput(attrs={"placeholder": _("Add a subtask …")})
        }

    def validate_unique(self) -> None:
        """Leave the uid to the service, which sets it."""


class NewCommentForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new comment."""

    class Meta:
        model = Comment
        fields = ("text",)
        widgets = {
            "text": Textarea(attrs={"rows": 2, "placeholder": _("Write a comment …")})
        }


class CommentForm(ServiceForm):
    """A comment, changed by its author."""

    class Meta:
        model = Comment
        fields = ("text",)
        widgets = {"text": Textarea(attrs={"rows": 4})}


class TodoListForm(ServiceForm):
    """A list; each member has their own colour for it."""

    colour = ColourField(help_text=_("Only you see this."))

    class Meta:
        model = TodoList
        fields = ("name", "is_archived", "requires_encrypted_writes")

    def configure(self) -> None:
        if not self.is_new:
            self.initial["name"] = self.row.title
        if not self.is_new and "colour" in self.fields:
            self.initial["colour"] = self.row.colour
            self.fields["colour"].offer(self.row.colour)  # type: ignore[attr-defined]


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]
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
                _("No user has this name or email address."), code="person_unknown"
            )
        return person

    def validate_unique(self) -> None:
        """Leave it to the service, which explains who is already a member."""


class LabelForm(ServiceForm):
    """A label of a list."""

    offered = ("list",)

    colour = ColourField()

    class Meta:
        model = Label
        fields = ("list", "name", "colour")

    def configure(self) -> None:
        if "colour" in self.fields:
            self.fields["colour"].offer(self.row.colour)  # type: ignore[attr-defined]
        if "list" in self.fields:
            field: Any = self.fields["list"]
            field.widget = Autocomplete(Label._meta.get_field("list"), admin.site)
            field.queryset = writable_lists(self.user)

    def validate_unique(self) -> None:
        """Leave it to the service, which compares folded names."""


class MoveForm(forms.Form):
    """The list to move todos to."""

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        super().__init__(data)
        field = RowChoice(
            writable_lists(user),
            label=_("list"),
            widget=Autocomplete(Todo._meta.get_field("list"), admin.site),
        )
        self.fields["list"] = field


class ChooseLabelForm(forms.Form):
    """A label from the lists of the chosen todos."""

    def __init__(
        self, user: User, lists: set[UUID], data: QueryDict | None = None
    ) -> None:
        super().__init__(data)
        widget = Autocomplete(Todo._meta.get_field("labels"), admin.site)
        widget.list_id = next(iter(lists)) if len(lists) == 1 else None
        self.fields["label"] = RowChoice(
            choices_in(user, "labels", lists), label=_("label"), widget=widget
        )
