"""The OpenAPI document: complete, stable, and as committed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from core.errors import DomainError
from tests.conftest import api_for
from tests.problems import assert_problem
from todo_project.openapi.fields import FIELDS
from todo_project.openapi.parts import REFUSALS
from todo_project.openapi.views import document
from todo_project.urls import api_v1

SNAPSHOT = Path(settings.BASE_DIR, "docs", "openapi.json")
REFRESH = (
    "python manage.py spectacular --validate --fail-on-warn"
    " --format openapi-json --file docs/openapi.json"
)
OPERATIONS = [
    "comments_create",
    "comments_destroy",
    "comments_list",
    "comments_partial_update",
    "comments_retrieve",
    "events_list",
    "events_retrieve",
    "labels_create",
    "labels_destroy",
    "labels_list",
    "labels_partial_update",
    "labels_retrieve",
    "lists_create",
    "lists_destroy",
    "lists_list",
    "lists_members_create",
    "lists_members_destroy",
    "lists_members_list",
    "lists_members_partial_update",
    "lists_members_retrieve",
    "lists_partial_update",
    "lists_restore",
    "lists_retrieve",
    "me_keys_create",
    "me_keys_destroy",
    "me_keys_list",
    "me_keys_retrieve",
    "me_partial_update",
    "me_retrieve",
    "permissions_list",
    "roles_list",
    "roles_retrieve",
    "todos_create",
    "todos_destroy",
    "todos_finish",
    "todos_history_list",
    "todos_list",
    "todos_partial_update",
    "todos_position",
    "todos_purge",
    "todos_reopen",
    "todos_restore",
    "todos_retrieve",
    "todos_update",
    "users_list",
    "users_retrieve",
]


def operations():
    """Return (path, method, operation) of the document."""
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_committed_document_is_the_one_that_the_code_makes(tmp_path):
    made = tmp_path / "openapi.json"
    # A request of another test may have left its language behind.
    with translation.override("en"):
        call_command(
            "spectacular",
            validate=True,
            fail_on_warn=True,
            format="openapi-json",
            file=str(made),
        )
    assert made.read_text() == SNAPSHOT.read_text(), f"Refresh it: {REFRESH}"


def test_operation_ids_stay_as_clients_know_them():
    found = [operation["operationId"] for _path, _method, operation in operations()]
    assert len(found) == len(set(found))
    assert set(found) == set(OPERATIONS)


def test_every_address_below_the_api_is_documented():
    documented = {
        path.removeprefix("/api/v1/").replace("{", "<").replace("}", ">")
        for path, _method, _operation in operations()
    }
    routes = {
        str(pattern.pattern)
        .replace("uuid:", "")
        .replace("int:", "")
        .replace("list_pk", "list_id")
        .replace("todo_pk", "todo_id")
        .replace("<pk>", "<id>")
        for pattern in api_v1
    }
    assert routes - documented == {"docs", "schema"}
    assert documented <= routes


def test_every_refusal_is_a_problem():
    shared = document()["components"]["responses"]
    for _path, _method, operation in operations():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                name = response["$ref"].rpartition("/")[2]
                assert set(shared[name]["content"]) == {"application/problem+json"}


def refusals_below(kind):
    for refusal in kind.__subclasses__():
        yield refusal
        yield from refusals_below(refusal)


def test_every_refusal_of_the_api_s_verbs_is_named():
    doors = ("todos.services.", "core.api.idempotency", "accounts.viewsets.")
    named = " ".join(REFUSALS.values())
    refusals = [
        refusal
        for refusal in refusals_below(DomainError)
        if refusal.__module__.startswith(doors)
    ]
    assert len(refusals) > 10
    assert [r.code for r in refusals if f"`{r.code}`" not in named] == []


def test_requests_take_no_unknown_fields_and_no_read_only_ones():
    schemas = document()["components"]["schemas"]
    requests = {name: part for name, part in schemas.items() if "Request" in name}
    assert len(requests) > 10
    for name, schema in requests.items():
        assert schema["additionalProperties"] is False, name
        assert not any("readOnly" in part for part in schema["properties"].values())
    assert "rank" not in schemas["TodoRequest"]["properties"]


@pytest.mark.parametrize("media_type", ["application/json", "*/*", None])
def test_the_document_is_json(owner_api, media_type):
    headers = {"Accept": media_type} if media_type else {}
    answer = owner_api.get("/api/v1/schema", headers=headers)
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.1")
    assert answer.json() == json.loads(SNAPSHOT.read_text())


def test_the_document_is_yaml_for_who_asks_for_it(owner_api):
    answer = owner_api.get("/api/v1/schema", headers={"Accept": "application/yaml"})
    assert answer["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(answer.content) == json.loads(SNAPSHOT.read_text())


def test_a_refusal_stays_json_where_yaml_was_asked_for(client, db):
    answer = client.get("/api/v1/schema", headers={"Accept": "application/yaml"})
    assert_problem(answer, 401, "not_authenticated")


def test_the_document_speaks_english_whatever_the_client_speaks(owner_api):
    document.cache_clear()
    answer = owner_api.get("/api/v1/schema", headers={"Accept-Language": "zh-hans"})
    assert answer.json() == json.loads(SNAPSHOT.read_text())


def test_nobody_reads_the_document_without_signing_in(client, db):
    assert_problem(client.get("/api/v1/schema"), 401, "not_authenticated")


def test_a_key_without_the_scope_reads_no_document(owner):
    answer = api_for(owner, ["todos:read"]).get("/api/v1/schema")
    assert_problem(answer, 403, "scope_missing")


def test_every_field_that_is_explained_exists():
    schemas = document()["components"]["schemas"].values()
    said = {
        part["description"]
        for schema in schemas
        for part in schema.get("properties", {}).values()
        if "description" in part
    }
    assert {text for fields in FIELDS.values() for text in fields.values()} <= said
