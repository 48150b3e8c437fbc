"""Rows below another row, on its page."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import InlineModelAdmin

from core.admin.forms import ScopedFormSet
from core.admin.permissions import ScopedRows


class ScopedInline(ScopedRows[Any], InlineModelAdmin):  # type: ignore[type-arg]
    """Rows below another row; the changeform of that row writes them."""

    formset = ScopedFormSet
    extra = 1
    can_delete = False
    show_change_link = False
