"""Labels added by typing their names in the form of a todo."""

from __future__ import annotations

import re
from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.text import fold
from todos.models import Label, TodoList
from todos.services.labels import add_label

MAX_LABELS = 20
COMMAS = re.compile("[,，、]")  # Latin and Chinese


class NewLabelsField(forms.CharField):
    """Names of labels, separated by commas."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=1000,
            label=gettext_lazy("new labels"),
            help_text=gettext_lazy("New labels for this list, separated by commas."),
            widget=forms.TextInput(
                attrs={"class": "vTextField", "autocomplete": "off"}
            ),
        )

    def validate(self, value: str) -> None:
        super().validate(value)
        names = split_names(value)
        if len(names) > MAX_LABELS:
            text = _("You can add at most %d labels at once.") % MAX_LABELS
            raise ValidationError(text, code="too_many")
        for name in names:
            Label._meta.get_field("name").clean(name, None)


def split_names(text: str) -> list[str]:
    """Return the names in a text; those that differ in case alone count once."""
    names = {fold(name).strip(): name.strip() for name in COMMAS.split(text)}
    return [name for key, name in names.items() if key]


def get_or_add_labels(
    actor: User, todo_list: TodoList, names: list[str], now: datetime
) -> list[Label]:
    """Return the labels of the list with these names; add those that are missing."""
    keys = [fold(name).strip() for name in names]
    existing = {
        label.name_key: label
        for label in Label.objects.filter(list=todo_list, name_key__in=keys)
    }
    return [
        existing.get(key)
        or add_label(actor=actor, todo_list=todo_list, name=name, now=now)
        for key, name in zip(keys, names, strict=True)
    ]
