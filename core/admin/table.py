"""The table of a changelist.

Django's tag for it decides for each cell what is the same for all cells of a column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, time
from typing import Any

from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import (
    display_for_field,
    display_for_value,
    lookup_field,
)
from django.contrib.admin.views.main import ChangeList
from django.db.models import DateField, TimeField
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from core.admin.urls import ANY_KEY, page_url
from core.html import escaped, format_html

CHECKBOX = "action_checkbox"

Column = str | Callable[[Any], object]


class Table:
    """The headers and rows of a changelist, as HTML."""

    def __init__(self, changelist: ChangeList) -> None:
        self.changelist = changelist
        self.headers: list[dict[str, Any]] = list(result_headers(changelist))

    @property
    def rows(self) -> Iterator[SafeString]:
        """Yield the cells of each row."""
        columns = list(self._columns())
        for row in self.changelist.result_list:
            yield SafeString("".join([column.cell(row) for column in columns]))

    def _columns(self) -> Iterator[TableColumn]:
        linked = self.changelist.list_display_links or ()
        rest_of_url = _filters_to_keep(self.changelist)
        tag = "th"  # of the first link, which names the row
        columns = zip(self.changelist.list_display, self.headers, strict=True)
        for name, header in columns:
            title = str(header["text"])
            if name in linked:
                yield LinkColumn(self.changelist, name, title, tag, rest_of_url)
                tag = "td"
            else:
                yield TableColumn(self.changelist, name, title)


def _filters_to_keep(changelist: ChangeList) -> str:
    """Return what follows the URL of a row, for the way back to this table."""
    url = page_url(changelist.model, "change", ANY_KEY)
    context: Any = {
        "opts": changelist.opts,
        "preserved_filters": changelist.preserved_filters,
    }
    return str(add_preserved_filters(context, url)).removeprefix(url)


class TableColumn:
    """A column of a table.

    Narrow screens show no header, so that its cells have the column's name.
    """

    def __init__(
        self, changelist: ChangeList, name: Column, title: str, tag: str = "td"
    ) -> None:
        self.changelist, self.name, self.tag = changelist, name, tag
        self.model_admin = changelist.model_admin
        self.method = self.model_admin.action_checkbox if name == CHECKBOX else name
        self.empty = self.model_admin.get_empty_value_display()
        self._names_of_choices: dict[Any, str] | None = None
        kind = getattr(name, "__name__", name)
        self.start, self.css = f'<{tag} dir="auto"', f"field-{kind}"
        if name == CHECKBOX:  # it has a label of its own
            self.css = "action-checkbox"
        else:
            self.start += format_html(' data-label="{}"', capfirst(title))

    def cell(self, row: Any) -> str:
        """Return the HTML of the column's cell in a row."""
        text, is_moment = self._content(row)
        css = f"{self.css} nowrap" if is_moment else self.css
        return f'{self.start} class="{css}">{self.shown(row, text)}</{self.tag}>'

    def shown(self, row: Any, text: Any) -> str:
        return escaped(text)

    def _content(self, row: Any) -> tuple[Any, bool]:
        """Return what the cell contains, and whether it is to stay on one line."""
        field, attribute, value = self._lookup(row)
        if isinstance(value, str) and not value.strip():
            value = ""
        if field is None:
            boolean = getattr(attribute, "boolean", False)
            is_moment = isinstance(value, date | time)
            return display_for_value(value, self.empty, boolean), is_moment
        if field.is_relation:
            related = getattr(row, field.name)
            return self.empty if related is None else related, True
        if field.choices:
            return self._choices(field).get(value, self.empty), False
        is_moment = isinstance(field, DateField | TimeField)
        return display_for_field(value, field, self.empty), is_moment

    def _choices(self, field: Any) -> dict[Any, str]:
        if self._names_of_choices is None:
            self._names_of_choices = dict(field.flatchoices)
        return self._names_of_choices

    def _lookup(self, row: Any) -> tuple[Any, Any, Any]:
        """Return the column's field or other attribute, and its value in the row."""
        if callable(self.method):
            return None, self.method, self.method(row)
        return lookup_field(self.name, row, self.model_admin)


class LinkColumn(TableColumn):
    """A column whose cells link to the row."""

    def __init__(
        self,
        changelist: ChangeList,
        name: Column,
        title: str,
        tag: str,
        rest_of_url: str,
    ) -> None:
        super().__init__(changelist, name, title, tag)
        self.rest_of_url = rest_of_url

    def shown(self, row: Any, text: Any) -> str:
        url = page_url(self.changelist.model, "change", row.pk) + self.rest_of_url
        is_popup = self.changelist.is_popup
        opener = format_html(' data-popup-opener="{}"', row.pk) if is_popup else ""
        return format_html('<a href="{}"{}>{}</a>', url, opener, text)
