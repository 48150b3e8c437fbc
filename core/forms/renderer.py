"""The HTML of the widgets that most forms consist of.

Django renders a template for each widget, label and list of errors, which takes ten
times as long; forms have dozens of them. What people typed has `dir="auto"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.safestring import SafeString

from core.html import format_html

Context = Mapping[str, Any]

ERRORS = {f"django/forms/errors/list/{name}.html" for name in ("default", "ul")}
DIRECTION = SafeString(' dir="auto"')


class Renderer(TemplatesSetting):
    """Renders templates, except those that have a function here."""

    def render(
        self,
        template_name: str,
        context: dict[str, Any],
        request: HttpRequest | None = None,
    ) -> str:
        show = SHOWN.get(template_name)
        if show is not None:
            return show(context)
        if template_name in ERRORS and not context["errors"]:
            return SafeString()
        return super().render(template_name, context, request)


def _input(context: Context, direction: str = "") -> SafeString:
    widget = context["widget"]
    value = widget["value"]
    return format_html(
        '<input type="{}"{} name="{}"{}{}>',
        widget["type"],
        direction,
        widget["name"],
        "" if value is None else format_html(' value="{}"', value),
        _attributes(widget["attrs"]),
    )


def _text(context: Context) -> SafeString:
    return _input(context, DIRECTION)


def _textarea(context: Context) -> SafeString:
    widget = context["widget"]
    return format_html(
        '<textarea{} name="{}"{}>\n{}</textarea>',
        DIRECTION,
        widget["name"],
        _attributes(widget["attrs"]),
        widget["value"] or "",
    )


def _select(context: Context) -> SafeString:
    widget = context["widget"]
    return format_html(
        '<select name="{}"{}>{}</select>',
        widget["name"],
        _attributes(widget["attrs"]),
        SafeString("".join(_group(*group) for group in widget["optgroups"])),
    )


def _group(name: str | None, options: list[dict[str, Any]], _index: int) -> SafeString:
    inside = SafeString("".join(map(_option, options)))
    if not name:
        return inside
    return format_html('<optgroup label="{}">{}</optgroup>', name, inside)


def _option(option: dict[str, Any]) -> SafeString:
    return format_html(
        '\n  <option value="{}"{}>{}</option>',
        option["value"],
        _attributes(option["attrs"]),
        option["label"],
    )


def _label(context: Context) -> str:
    if not context["use_tag"]:
        return format_html("{}", context["label"])
    tag, attributes = context["tag"], _attributes(context["attrs"])
    return format_html("<{0}{1}>{2}</{0}>", tag, attributes, context["label"])


def _attributes(attrs: Mapping[str, object] | None) -> SafeString:
    html = ""
    for name, value in (attrs or {}).items():
        if value is True:
            html += format_html(" {}", name)
        elif value is not False:
            html += format_html(' {}="{}"', name, value)
    return SafeString(html)


SHOWN: dict[str, Callable[[Context], str]] = {
    **dict.fromkeys(
        (
            f"django/forms/widgets/{name}.html"
            for name in ("checkbox", "date", "hidden", "number", "password", "time")
        ),
        _input,
    ),
    "django/forms/label.html": _label,
    "django/forms/widgets/email.html": _text,
    "django/forms/widgets/select.html": _select,
    "django/forms/widgets/text.html": _text,
    "django/forms/widgets/textarea.html": _textarea,
}
