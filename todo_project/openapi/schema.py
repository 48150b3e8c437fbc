"""One operation of the document, read from its view."""

# mypy: allow-untyped-calls, disable-error-code="no-any-return"
# (drf-spectacular comes without types.)

from __future__ import annotations

from typing import Any, Literal

from django.core.validators import RegexValidator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from core.api.batches import BatchSerializer
from core.api.fields import LongTextField
from todo_project.openapi.errors import refusal_name
from todo_project.openapi.parts import headers, ref

Schema = dict[str, Any]
Direction = Literal["request", "response"]
Field = serializers.Field[Any, Any, Any, Any]

JSON = "application/json"
USUAL_ACTIONS = {"list", "create", "retrieve", "update", "partial_update", "destroy"}
DESCRIPTIONS = {"201": "Created.", "204": "Done.", "206": "A range of the file."}
ALWAYS_REFUSED = {400, 401, 403, 406, 429, 500, 503}


class ApiSchema(AutoSchema):
    """Describes an operation; ids are stable, since clients are generated from them.

    An id consists of the words of the address and the action, `lists_members_create`.
    A custom action replaces its last word: `todos_finish`. The view may set another
    beginning in `operation_prefix`.
    """

    view: Any

    def get_operation_id(self) -> str:
        words = [word.replace("-", "_") for word in self._tokenize_path()]
        if self.action not in USUAL_ACTIONS:
            words.pop()
        prefix = getattr(self.view, "operation_prefix", None) or "_".join(words)
        return f"{prefix}_{self.action}"

    @property
    def action(self) -> str:
        return str(self.view.action)

    def get_tags(self) -> list[str]:
        return [self.view.resource]

    def get_summary(self) -> str:
        return self._docstring()[0].replace("\n", " ").rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        needs = f"the scope `{self.view.resource}:{self._mode}`"
        if permission := self.view.required[self.action]:
            needs += f" and the permission `{permission}`"
        return f"{self._docstring()[2]}\n\nNeeds {needs}.".strip()

    def get_examples(self) -> list[OpenApiExample]:
        return [
            OpenApiExample(name, value=body, request_only=True)
            for name, body in self.view.examples.get(self.action, {}).items()
        ]

    def get_request_serializer(self) -> Any:
        serializer = self.view.inputs.get(self.action)
        return serializer and serializer(context={"view": self.view})

    def get_response_serializers(self) -> Any:
        serializer = self.view.get_serializer_class()
        return serializer and serializer(context={"view": self.view})

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _docstring(self) -> tuple[str, str, str]:
        return super().get_description().partition("\n\n")

    @property
    def _mode(self) -> str:
        return "read" if self.method == "GET" else "write"

    def _is_list_view(self, serializer: object = None) -> bool:
        return self.action == "list"

    def _has_item(self) -> bool:
        """Return whether the address names one row, which has an entity tag."""
        return "{id}" in self.path or self.path.endswith(("/me", "/me/avatar"))

    # --- Requests -------------------------------------------------------------

    def _get_parameters(self) -> list[Schema]:
        names = {"GET": ["If-None-Match"], "POST": ["Idempotency-Key"]}.get(
            self.method, []
        )
        if self.method != "GET" and self._has_item():
            names = [*names, "If-Match"]
        return [
            *super()._get_parameters(),
            *(ref("parameters", name) for name in names),
        ]

    def _get_filter_parameters(self) -> list[Schema]:
        if not self._is_list_view():
            return []
        return [
            {
                "name": name,
                "in": "query",
                "description": str(filter_.extra.get("help_text", "")),
                "schema": filter_.schema,
            }
            for name, filter_ in self.view.filterset_class.base_filters.items()
        ]

    def _get_request_body(self, direction: Direction = "request") -> Schema | None:
        """Describe JSON alone, or a form where files are sent; the text has the others.

        Of several media types, some generators send the last, others all at once.
        """
        if self.action not in self.view.inputs:
            return None
        body: Schema | None = super()._get_request_body(direction)
        if body:
            content = body["content"]
            media_type = JSON if JSON in content else next(iter(content))
            body["content"] = {media_type: content[media_type]}
        return body

    # --- Responses ------------------------------------------------------------

    def _get_response_bodies(self, direction: Direction = "response") -> Schema:
        if self.action in self.view.downloads:
            done = {status: self._content_of_file(status) for status in ("200", "206")}
        else:
            shown = self.get_response_serializers()
            status = self._status_of(shown)
            answer = self._get_response_for_code(shown, status, direction=direction)
            answer["description"] = DESCRIPTIONS.get(status, "OK.")
            answer["headers"] = headers(*self._headers_of(status))
            done = {status: answer}
        refused = {
            str(number): ref("responses", refusal_name(number))
            for number in self._refusals()
        }
        unchanged = {"304": ref("responses", "NotModified")}
        return {
            **done,
            **(unchanged if self.method == "GET" else {}),
            **refused,
        }

    def _content_of_file(self, status: str) -> Schema:
        binary = {"schema": {"type": "string", "format": "binary"}}
        return {
            "description": DESCRIPTIONS.get(status, "OK."),
            "content": {"application/octet-stream": binary},
            "headers": headers(*self._headers_of(status)),
        }

    def _status_of(self, shown: object) -> str:
        if shown is None:
            return "204"
        return "201" if self.action in self.view.creating else "200"

    def _headers_of(self, status: str) -> list[str]:
        names = ["X-Request-ID"]
        creates_one = self.action.startswith("create")
        creates_many = status == "201" and not creates_one
        if status != "204" and not creates_many:
            names.append("ETag")
        if creates_one:
            names.append("Location")
        if self.method == "POST":
            names.append("Idempotency-Replayed")
        return sorted(names)

    def _refusals(self) -> list[int]:
        """Return the statuses that a refusal can have here."""
        found = set(ALWAYS_REFUSED)
        if "{" in self.path:
            found.add(404)
        if self.action in self.view.downloads:
            found.add(416)
        if self.method != "GET":
            found |= {409, 413, 415}
            if self._has_item():
                found.add(412)
        if self.method == "POST":
            found.add(422)
        return sorted(found)

    # --- Schemas --------------------------------------------------------------

    def _map_serializer(
        self, serializer: object, direction: Direction, bypass_extensions: bool = False
    ) -> Schema:
        schema: Schema = super()._map_serializer(
            serializer, direction, bypass_extensions
        )
        for name, part in schema["properties"].items():
            schema["properties"][name] = as_one_text(part)
        if direction == "request":
            return schema | {"additionalProperties": False}
        # A response has all its fields, and its readers do not write them.
        for part in schema["properties"].values():
            part.pop("readOnly", None)
        return schema | {"required": sorted(schema["properties"])}

    def _get_serializer_field_meta(self, field: Any, direction: Direction) -> Schema:
        meta: Schema = super()._get_serializer_field_meta(field, direction)
        # Titles are labels of forms, in the language of the request.
        meta.pop("title", None)
        if "minLength" in meta and _is_trimmed(field) and not _has_pattern(field):
            meta["pattern"] = r"\S"
        return meta

    def _map_serializer_field(
        self, field: Field, direction: Direction, bypass_extensions: bool = False
    ) -> Any:
        is_nested = isinstance(field, serializers.BaseSerializer)
        if is_nested and field.read_only and direction == "request":
            return None
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if isinstance(field, serializers.ManyRelatedField) and direction == "request":
            schema["maxItems"] = field.max_rows  # type: ignore[attr-defined]
        if isinstance(field, BatchSerializer) and direction == "request":
            schema |= {"minItems": 1, "maxItems": field.max_length}
        return schema

    def _insert_field_validators(self, field: Field, schema: Schema) -> None:
        # A choice has its values instead of bounds.
        if not isinstance(field, serializers.ChoiceField):
            super()._insert_field_validators(field, schema)


def _is_trimmed(field: Any) -> bool:
    return field.trim_whitespace or isinstance(field, LongTextField)


def _has_pattern(field: Field) -> bool:
    return any(isinstance(check, RegexValidator) for check in field.validators)


def as_one_text(schema: Schema) -> Schema:
    """Replace a choice of a pattern and empty text by one pattern.

    Generators of clients would create a class for the choice.
    """
    text, *empty = schema.get("oneOf", [{}])
    if "pattern" not in text or empty != [{"type": "string", "maxLength": 0}]:
        return schema
    rest = {name: value for name, value in schema.items() if name != "oneOf"}
    pattern = text["pattern"].removeprefix("^").removesuffix("$")
    return rest | text | {"pattern": f"^({pattern})?$"}
