"""Colours of lists and labels."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.html import format_html

# Shown where no colour was chosen.
DEFAULT_COLOUR = "#adb5bd"
PALETTE = [
    ("", _("none")),
    ("#d64545", _("red")),
    ("#d9730d", _("orange")),
    ("#b88a00", _("yellow")),
    ("#2f9e44", _("green")),
    ("#0c8599", _("teal")),
    ("#1c7ed6", _("blue")),
    ("#5f5fd6", _("indigo")),
    ("#9c36b5", _("purple")),
    ("#d6336c", _("pink")),
    ("#868e96", _("grey")),
]


def dot(colour: str) -> str:
    """Return a dot in a colour, as SVG: the CSP allows no inline styles."""
    return format_html(
        '<svg class="dot" viewBox="0 0 10 10" aria-hidden="true">'
        '<circle cx="5" cy="5" r="5" fill="{}"></circle></svg>',
        colour or DEFAULT_COLOUR,
    )


class ColourSelect(forms.RadioSelect):
    """Radio buttons in the form of coloured dots."""

    template_name = "admin/colour_select.html"

    def create_option(
        self, name: str, value: object, *args: Any, **options: Any
    ) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **options)
        return option | {"dot": dot(option["value"])}


class ColourField(forms.ChoiceField):
    """A colour of the palette, or the one that the row has already."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=PALETTE,
            required=False,
            widget=ColourSelect,
            label=_("colour"),
            **options,
        )

    def offer(self, colour: str) -> None:
        """Offer a colour beyond the palette as well."""
        if colour not in dict(PALETTE):
            self.choices = [*PALETTE, (colour, colour)]
