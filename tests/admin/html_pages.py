"""Parse a page as a browser does: its links, its forms and what each would send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

Pairs = list[tuple[str, str]]
Attributes = dict[str, str]

ASSETS = {"script": "src", "img": "src", "link": "href", "use": "href"}
ERRORS = {"errornote", "errorlist", "error"}
BUTTONS = {"submit", "image"}
UNSENT = {"button", "reset", *BUTTONS}


@dataclass
class Control:
    """A field of a form; a select has one value for each selected option."""

    name: str
    values: list[str]
    options: list[str] = field(default_factory=list)
    is_required: bool = False
    is_checkbox: bool = False


@dataclass
class Button:
    """A submit button, with what it overrides and adds."""

    action: str | None
    name: str
    value: str


@dataclass
class Form:
    """A form, with its controls and buttons wherever they stand in the page."""

    method: str = "get"
    action: str = ""
    controls: list[Control] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    file_fields: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Return whether a browser would submit it: no required field is empty."""
        return all(any(c.values) for c in self.controls if c.is_required)

    def data(self, button: Button) -> Pairs:
        """Return what a browser sends for the unchanged form."""
        sent = [(c.name, value) for c in self.controls for value in c.values if c.name]
        if button.name:
            sent.append((button.name, button.value))
        return sent

    def control(self, name: str) -> Control | None:
        return next((c for c in self.controls if c.name == name), None)


class Page(HTMLParser):
    """The parts of a page that lead elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.message_links: list[str] = []
        self.assets: list[str] = []
        self.searches: list[Attributes] = []  # selects that search on the server
        self.ids: set[str] = set()
        self.complaints: list[str] = []  # the texts of error messages
        self._forms: dict[str, Form] = {}
        self._inside: Form | None = None
        self._select: Control | None = None
        self._option: Attributes | None = None
        self._textarea: Control | None = None
        self._text = ""
        self._is_message = self._is_complaint = False
        self.feed(html)
        self.close()

    @property
    def forms(self) -> list[Form]:
        return list(self._forms.values())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given: Attributes = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        classes = set(given.get("class", "").split())
        self._is_message |= "messagelist" in classes
        if ERRORS & classes:
            self._is_complaint = True
            self.complaints.append("")
        if tag == "a" and "href" in given:
            links = self.message_links if self._is_message else self.links
            links.append(given["href"])
        if given.get(ASSETS.get(tag, ""), ""):
            self.assets.append(given[ASSETS[tag]])
        if "data-ajax--url" in given:
            self.searches.append(given)
        handler = getattr(self, f"_start_{tag}", None)
        if handler is not None:
            handler(given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None
        elif tag == "select":
            self._end_select()
        elif tag == "textarea" and self._textarea is not None:
            text = self._text.removeprefix("\n").replace("\n", "\r\n")
            self._textarea.values, self._textarea = [text], None
        elif tag == "option":
            self._end_option()
        elif tag in {"ul", "div"}:
            self._is_message = self._is_complaint = False

    def handle_data(self, data: str) -> None:
        if self._is_complaint:
            self.complaints[-1] += data.strip()
        self._text += data

    def _start_form(self, given: Attributes) -> None:
        name = given.get("id") or f"form {len(self._forms)}"
        self._inside = self._forms.setdefault(name, Form())
        self._inside.method = given.get("method", "get").lower()
        self._inside.action = given.get("action", "")

    def _start_input(self, given: Attributes) -> None:
        kind = given.get("type", "text")
        if kind in BUTTONS:
            self._add_button(given)
        elif kind == "file":
            self._form_of(given).file_fields.append(given["name"])
        elif kind not in UNSENT and "disabled" not in given:
            is_box = kind in {"checkbox", "radio"}
            value = given.get("value", "on" if is_box else "")
            is_sent = not is_box or "checked" in given
            control = self._control(given, [value] if is_sent else [])
            control.is_checkbox = is_box
            control.options = [value]

    def _start_button(self, given: Attributes) -> None:
        if given.get("type", "submit") == "submit":
            self._add_button(given)

    def _start_textarea(self, given: Attributes) -> None:
        self._text = ""
        self._textarea = self._control(given, [])

    def _start_select(self, given: Attributes) -> None:
        self._select = self._control(given, [])
        self._select.is_checkbox = "multiple" in given

    def _start_option(self, given: Attributes) -> None:
        self._end_option()
        self._text, self._option = "", given

    def _end_option(self) -> None:
        if self._select is not None and self._option is not None:
            value = self._option.get("value", self._text.strip())
            self._select.options.append(value)
            if "selected" in self._option:
                self._select.values.append(value)
        self._option = None

    def _end_select(self) -> None:
        self._end_option()
        chosen, self._select = self._select, None
        if chosen and not chosen.values and not chosen.is_checkbox:
            chosen.values = chosen.options[:1]  # browsers preselect the first one

    def _form_of(self, given: Attributes) -> Form:
        if "form" in given:
            return self._forms.setdefault(given["form"], Form())
        return self._inside or Form()

    def _control(self, given: Attributes, values: list[str]) -> Control:
        name = "" if "disabled" in given else given.get("name", "")
        control = Control(name, values, is_required="required" in given)
        self._form_of(given).controls.append(control)
        return control

    def _add_button(self, given: Attributes) -> None:
        if "disabled" not in given:
            button = Button(
                given.get("formaction"), given.get("name", ""), given.get("value", "")
            )
            self._form_of(given).buttons.append(button)


def submissions(form: Form) -> Iterator[tuple[str, Pairs]]:
    """Yield the target and the data for each button and each bulk action."""
    for button in form.buttons:
        action = button.action or form.action
        yield action, form.data(button)
        yield from (
            (action, form.data(button) + chosen) for chosen in bulk_actions(form)
        )


def bulk_actions(form: Form) -> Iterator[Pairs]:
    """Yield what to add for each bulk action, with the first row selected."""
    actions, rows = form.control("action"), form.control("_selected_action")
    if actions is None or rows is None or not rows.is_checkbox:
        return
    for action in filter(None, actions.options):
        yield [("action", action), ("_selected_action", rows.options[0])]
