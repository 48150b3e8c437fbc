"""The OpenAPI document: complete, stable, and as committed."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from tests.conftest import api_for
from tests.problems import assert_problem
from todo_project.openapi.errors import MEANINGS, error_codes, errors_page
from todo_project.openapi.views import document
from todo_project.urls import api_v1
from todos.models import CONTENT_LENGTH, MAX_DEPTH

SNAPSHOT = Path(settings.BASE_DIR, "docs", "openapi.json")
REFRESH = (
    "python manage.py spectacular --validate --fail-on-warn"
    " --format openapi-json --file docs/openapi.json"
)
ERRORS = Path(settings.BASE_DIR, "docs", "errors.md")
REFRESH_ERRORS = (
    "python manage.py shell --no-imports -c 'from todo_project.openapi.errors import"
    ' errors_page; print(errors_page(), end="")\' > docs/errors.md'
)
OPERATIONS = [
    "attachments_content",
    "attachments_create",
    "attachments_create_for_comment",
    "attachments_destroy",
    "attachments_list",
    "attachments_partial_update",
    "attachments_retrieve",
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
    "me_avatar_destroy",
    "me_avatar_update",
    "me_keys_create",
    "me_keys_destroy",
    "me_keys_list",
    "me_keys_partial_update",
    "me_keys_retrieve",
    "me_partial_update",
    "me_retrieve",
    "permissions_list",
    "roles_list",
    "roles_retrieve",
    "todos_bulk_create",
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


def test_the_committed_document_matches_the_code(tmp_path):
    made = tmp_path / "openapi.json"
    # A request of another test may have left its language active.
    with translation.override("en"):
        call_command(
            "spectacular",
            validate=True,
            fail_on_warn=True,
            format="openapi-json",
            file=str(made),
        )
    assert made.read_text() == SNAPSHOT.read_text(), f"Refresh it: {REFRESH}"


def test_operation_ids_are_stable():
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
        .replace("number:", "")
        .replace("list_pk", "list_id")
        .replace("todo_pk", "todo_id")
        .replace("comment_pk", "comment_id")
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


def test_the_committed_list_of_error_codes_matches_the_code():
    assert errors_page() == ERRORS.read_text(), f"Refresh it: {REFRESH_ERRORS}"


def test_every_error_code_is_documented():
    shared = document()["components"]
    described = " ".join(part["description"] for part in shared["responses"].values())
    codes = [one.code for one in error_codes()]
    assert len(codes) == len(set(codes)) > 30
    assert shared["schemas"]["Problem"]["properties"]["code"]["enum"] == sorted(codes)
    assert [
        one.code
        for one in error_codes()
        if one.status in MEANINGS and f"`{one.code}`" not in described
    ] == []


def test_every_error_code_of_nginx_is_documented():
    text = Path(settings.BASE_DIR, "deploy", "nginx", "refusals.conf").read_text()
    table = text.partition("$refusal_code {")[2].partition("default")[0]
    codes = {one.code: one.status for one in error_codes()}
    found = re.findall(r'(\d{3})(?:full)? "(\w+)";', table)
    assert len(found) > 10
    assert {code: int(status) for status, code in found}.items() <= codes.items()


@pytest.mark.parametrize(
    ("code", "status", "level"),
    [
        ("list_is_archived", 409, None),
        ("scope_missing", 403, None),
        ("invalid_key", 401, None),
        ("username_taken", 400, None),
        ("busy", 503, logging.WARNING),
        ("internal_error", 500, logging.ERROR),
    ],
)
def test_an_error_code_has_the_status_and_log_level_of_its_class(code, status, level):
    found = {one.code: one for one in error_codes()}[code]
    assert (found.status, found.log_level) == (status, level)


def test_request_schemas_allow_no_unknown_or_read_only_fields():
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


def test_the_document_is_yaml_on_request(owner_api):
    answer = owner_api.get("/api/v1/schema", headers={"Accept": "application/yaml"})
    assert answer["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(answer.content) == json.loads(SNAPSHOT.read_text())


def test_an_error_is_json_although_yaml_was_requested(client, db):
    answer = client.get("/api/v1/schema", headers={"Accept": "application/yaml"})
    assert_problem(answer, 401, "not_authenticated")


def test_the_document_is_english_in_every_language(owner_api):
    document.cache_clear()
    answer = owner_api.get("/api/v1/schema", headers={"Accept-Language": "zh-hans"})
    assert answer.json() == json.loads(SNAPSHOT.read_text())


def test_the_document_requires_authentication(client, db):
    assert_problem(client.get("/api/v1/schema"), 401, "not_authenticated")


def test_the_document_requires_the_profile_scope(owner):
    answer = api_for(owner, ["todos:read"]).get("/api/v1/schema")
    assert_problem(answer, 403, "scope_missing")


def test_limits_in_descriptions_come_from_the_models():
    properties = document()["components"]["schemas"]["TodoRequest"]["properties"]
    assert str(CONTENT_LENGTH) in properties["content"]["description"]
    assert str(MAX_DEPTH) in properties["parent"]["description"]


def test_examples_belong_to_actions_that_take_a_body():
    views = {pattern.callback.cls for pattern in api_v1}
    with_examples = [view for view in views if getattr(view, "examples", None)]
    assert len(with_examples) > 5
    for view in with_examples:
        assert view.examples.keys() <= view.inputs.keys(), view
