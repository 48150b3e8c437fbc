"""What a browser sends for the forms of a page (HTML §4.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.http import QueryDict

LINE_BREAKS = re.compile(r"\r\n|\r|\n")
# Input elements of these types hold one line: line breaks are removed.
ONE_LINE = {"text", "email", "search", "password", "url", "tel"}
NOT_SENT = {"submit", "button", "reset", "image"}


@dataclass
class HtmlForm:
    """A form of a page and the fields that a browser would send unchanged."""

    attributes: dict[str, str]
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def data(self) -> QueryDict:
        data = QueryDict(mutable=True)
        for name, value in self.fields:
            # Every line break is sent as CR LF (HTML §4.10.21.4).
            data.appendlist(name, LINE_BREAKS.sub("\r\n", value))
        return data

    def typed(self, **values: Any) -> dict[str, Any]:
        """Return what is sent after a user typed into some of the fields."""
        data = {name: list(sent) for name, sent in self.data.lists()}
        return data | values


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[HtmlForm] = []
        self.form: HtmlForm | None = None
        self.textarea: list[str] | None = None
        self.select: list[tuple[str, bool]] = []
        self.named: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = HtmlForm(given)
            self.forms.append(self.form)
        elif tag == "input":
            self._input(given)
        elif tag in {"textarea", "select"}:
            self.named, self.select = given, []
            self.textarea = [] if tag == "textarea" else None
        elif tag == "option":
            self.select.append((given.get("value", ""), "selected" in given))

    def _input(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        value = given.get("value", "on" if kind in {"checkbox", "radio"} else "")
        if kind in {"checkbox", "radio"} and "checked" not in given:
            return
        if kind in ONE_LINE:
            value = LINE_BREAKS.sub("", value)
        if kind not in NOT_SENT:
            self._send(given, value)

    def _send(self, given: dict[str, str], value: str) -> None:
        if self.form and given.get("name") and "disabled" not in given:
            self.form.fields.append((given["name"], value))

    def handle_data(self, data: str) -> None:
        if self.textarea is not None:
            self.textarea.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "textarea" and self.textarea is not None:
            text = "".join(self.textarea)
            self.textarea = None
            self._send(self.named, text.removeprefix("\n"))
        elif tag == "select":
            chosen = [value for value, selected in self.select if selected]
            if not chosen and self.select and "multiple" not in self.named:
                chosen = [self.select[0][0]]
            for value in chosen:
                self._send(self.named, value)


def forms_of(response: Any) -> list[HtmlForm]:
    """Return the forms of a page."""
    parser = _Parser()
    # The parser of a browser first replaces each line break in the page (§13.2.3.5).
    parser.feed(LINE_BREAKS.sub("\n", response.content.decode()))
    return parser.forms


def main_form(response: Any) -> HtmlForm:
    """Return the form that fills the page; one for a file is beside it."""
    return next(
        form
        for form in forms_of(response)
        if ("card" in form.attributes.get("class", "") and not takes_files(form))
        or form.attributes.get("class") == "quick-add"
    )


def takes_files(form: HtmlForm) -> bool:
    return form.attributes.get("enctype") == "multipart/form-data"
