"""What generators of clients need of the OpenAPI document.

script/drill clients generates and uses such clients; these rules keep the document as
they need it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from todo_project.openapi.views import document


def parts(value, path=""):
    """Yield every object of the document with its path."""
    if isinstance(value, dict):
        yield path, value
        value = value.items()
    elif isinstance(value, list):
        value = enumerate(value)
    else:
        return
    for name, part in value:
        yield from parts(part, f"{path}/{name}")


def schemas():
    """Yield every schema with its path, those of examples left out."""
    for path, part in parts(document()):
        if "type" in part and "/examples/" not in path and "/example" not in path:
            yield path, part


def types_of(schema):
    kinds = schema["type"]
    return kinds if isinstance(kinds, list) else [kinds]


def test_every_array_says_what_it_holds():
    arrays = [path for path, part in schemas() if "array" in types_of(part)]
    assert len(arrays) > 10
    assert [
        path
        for path, part in schemas()
        if "array" in types_of(part) and "items" not in part
    ] == []


def test_a_type_is_one_type_or_that_type_and_null():
    for path, part in schemas():
        kinds = types_of(part)
        assert kinds[1:] in ([], ["null"]), path


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf", "not"])
def test_no_schema_is_a_choice(keyword):
    """Generators make a class of each choice, or leave the field out."""
    assert [path for path, part in parts(document()) if keyword in part] == []


def named(reference: str) -> Any:
    """Return the schema that a reference names."""
    return document()["components"]["schemas"][reference.rpartition("/")[2]]


def test_every_request_body_has_one_schema_as_json_or_as_a_form_with_a_file():
    bodies = [
        part["requestBody"]
        for _path, part in parts(document())
        if "requestBody" in part
    ]
    assert len(bodies) > 10
    for body in bodies:
        ((kind, content),) = body["content"].items()
        assert content["schema"].keys() == {"$ref"}
        has_file = "file" in named(content["schema"]["$ref"])["properties"]
        assert kind == ("multipart/form-data" if has_file else "application/json")


def test_names_of_components_differ_in_more_than_case():
    for kind, components in document()["components"].items():
        names = Counter(name.lower().replace("_", "") for name in components)
        assert [name for name, count in names.items() if count > 1] == [], kind


def test_every_reference_exists():
    found = {part["$ref"] for _path, part in parts(document()) if "$ref" in part}
    defined = {
        f"#/components/{kind}/{name}"
        for kind, components in document()["components"].items()
        if kind != "securitySchemes"
        for name in components
    }
    assert found <= defined
