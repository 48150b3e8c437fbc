"""Labels made where they are needed: by typing their names."""

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

MOST_AT_ONCE = 20
COMMAS = re.compile("[,，、]")  # Chinese has its own


class NewLabelsField(forms.CharField):
    """Names of labels, between commas."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=1000,
            label=gettext_lazy("new labels"),
            help_text=gettext_lazy("Made in the list of the todo; between commas."),
            widget=forms.TextInput(
                attrs={"class": "vTextField", "autocomplete": "off"}
            ),
        )

    def validate(self, value: str) -> None:
        super().validate(value)
        names = names_in(value)
        if len(names) > MOST_AT_ONCE:
            text = _("At most %d labels at once.") % MOST_AT_ONCE
            raise ValidationError(text, code="too_many")
        for name in names:
            Label._meta.get_field("name").clean(name, None)


def names_in(text: str) -> list[str]:
    """Return the names in a text, each once however it is written."""
    names = {fold(name).strip(): name.strip() for name in COMMAS.split(text)}
    return [name for key, name in names.items() if key]


def labels_named(
    actor: User, todo_list: TodoList, names: list[str], now: datetime
) -> list[Label]:
    """Return the labels of a list that have these names; make what it lacks."""
    keys = [fold(name).strip() for name in names]
    there = {
        label.name_key: label
        for label in Label.objects.filter(list=todo_list, name_key__in=keys)
    }
    return [
        there.get(key)
        or add_label(actor=actor, todo_list=todo_list, name=name, now=now)
        for key, name in zip(keys, names, strict=True)
    ]
