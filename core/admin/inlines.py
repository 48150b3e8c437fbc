"""Inlines: related rows on the page of their parent row."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import InlineModelAdmin

from core.admin.forms import ScopedFormSet
from core.admin.permissions import ScopedRows


class ScopedInline(ScopedRows[Any], InlineModelAdmin):  # type: ignore[type-arg]
    """Related rows, written by the changeform of their parent row."""

    formset = ScopedFormSet
    extra = 1
    can_delete = False
    show_change_link = False
