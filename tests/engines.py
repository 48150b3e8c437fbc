"""Which engine runs which tests, and in which order.

A file in neither list runs on both, so forgetting one costs time, never coverage. See
docs/decisions/0012-tests-run-where-the-engine-matters.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

TESTS = Path(__file__).parent
LIVE = TESTS / "live"  # the tests of the running service start their own engine

# Behaviour that is the same on every engine: requests and responses, pages and forms,
# permissions, sessions and their copies in Redis, the environment, logs, metrics, other
# programs. Add a file only if it does not depend on ordering, text search, locks or
# races, and sends no values that a database might refuse.
ON_SQLITE_ALONE = (
    "test_celery.py",
    "test_compose_prepare.py",
    "test_deploy.py",
    "test_docs.py",
    "test_env.py",
    "test_env_example.py",
    "test_health.py",
    "test_logs.py",
    "test_metrics.py",
    "test_metrics_files.py",
    "test_packaging.py",
    "test_redis.py",
    "test_release.py",
    "test_request_log.py",
    "test_requirements.py",
    "test_translations.py",
    "test_typed_texts.py",
    "test_site_files.py",
    "test_wsgi.py",
    "accounts/test_images.py",
    "accounts/test_sessions.py",
    "accounts/test_signature_vectors.py",
    "accounts/test_signatures.py",
    "accounts/test_signed_content.py",
    "accounts/test_signed_only_keys.py",
    "admin/test_access.py",
    "admin/test_attachments.py",
    "admin/test_browser.py",
    "admin/test_browser_attachments.py",
    "admin/test_browser_pictures.py",
    "admin/test_browser_typing.py",
    "admin/test_budgets.py",
    "admin/test_conflicts.py",
    "admin/test_conflicts_elsewhere.py",
    "admin/test_direction.py",
    "admin/test_error_pages.py",
    "admin/test_history.py",
    "admin/test_keys.py",
    "admin/test_kept_forms.py",
    "admin/test_unchanged_forms.py",
    "admin/test_lists.py",
    "admin/test_managing.py",
    "admin/test_new_labels.py",
    "admin/test_todos_of_a_list.py",
    "admin/test_people.py",
    "admin/test_pictures.py",
    "admin/test_quick_add.py",
    "admin/test_registry.py",
    "admin/test_sign_in.py",
    "admin/test_todo_actions.py",
    "admin/test_todo_form.py",
    "admin/test_todos.py",
    "api/test_docs.py",
    "api/test_document_for_generators.py",
    "api/test_encodings.py",
    "api/test_encrypted_bodies.py",
    "api/test_encrypted_responses.py",
    "api/test_encryption_examples.py",
    "api/test_entity_tags.py",
    "api/test_faults.py",
    "api/test_forms.py",
    "api/test_four_calls.py",
    "api/test_input_gate.py",
    "api/test_matrix.py",
    "api/test_matrix_references.py",
    "api/test_matrix_revocation.py",
    "api/test_negotiation.py",
    "api/test_preconditions.py",
    "api/test_problems.py",
    "api/test_schema.py",
    "api/test_signed_and_encrypted.py",
    "api/test_signed_doors.py",
    "api/test_unknown_names.py",
    "attacks/test_embedded_server.py",
    "attacks/test_large_bodies.py",
    "attacks/test_secret_answers.py",
    "attacks/test_stale_roles.py",
    "attacks/test_tampered_pages.py",
    "commands/test_background.py",
    "commands/test_createapikey.py",
    "commands/test_every_command.py",
    "commands/test_revokeapikey.py",
    "commands/test_superuser_and_password.py",
    "commands/test_terminal.py",
    "commands/test_welcome.py",
    "core/test_apps.py",
    "core/test_checks.py",
    "core/test_fingerprint.py",
    "core/test_migration_rule.py",
    "core/test_registry.py",
    "core/test_schedules.py",
    "core/test_secrets.py",
    "todos/test_signed_uploads.py",
    "files/test_content.py",
    "files/test_stores.py",
    "files/test_streaming.py",
)

# Table locks, hanging connections and query plans, which SQLite lacks or does
# differently, the number of statements of a response where pages are merged, and the
# queries of all pages, of which PostgreSQL refuses more.
ON_POSTGRESQL_ALONE = (
    "core/test_connections.py",
    "core/test_database_state.py",
    "core/test_migration_locks.py",
    "core/test_prepared_statements.py",
    "accounts/test_plans.py",
    "admin/test_crawl.py",
    "admin/test_plans.py",
    "admin/test_repeated_pages.py",
    "api/test_statement_counts.py",
    "commands/backups/test_other_engine.py",
    "growth/test_every_shape.py",
    "todos/test_million.py",
)

# The slowest files, slowest first. They start first: at the end, a single slow file
# would keep everything waiting while the other workers are idle.
LONGEST = (
    "todos/test_million.py",
    "growth/test_every_shape.py",
    "admin/test_registry.py",
    "api/test_matrix.py",
    "admin/test_budgets.py",
    "api/test_paging.py",
    "api/test_statement_counts.py",
    "admin/test_browser.py",
    "test_celery.py",
    "api/test_matrix_references.py",
    "admin/test_plans.py",
    "commands/test_background.py",
    "commands/test_makesample.py",
    "todos/test_random_moves.py",
    "api/test_any_input.py",
    "api/test_preconditions.py",
    "test_metrics.py",
    "commands/test_superuser_and_password.py",
    "test_redis.py",
)


def arrange(items: list[pytest.Item]) -> None:
    """Remove the tests that only the other engine runs; sort the rest."""
    left_out = paths(ON_POSTGRESQL_ALONE if settings.ON_SQLITE else ON_SQLITE_ALONE)
    items[:] = [item for item in items if item.path not in left_out]
    rank = {path: number for number, path in enumerate(paths(LONGEST))}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


def paths(names: tuple[str, ...]) -> list[Path]:
    """Return the paths of test files; raise if one is missing, as after a move."""
    found = [TESTS / name for name in names]
    if missing := [str(path) for path in found if not path.is_file()]:
        raise pytest.UsageError(f"tests/engines.py lists missing files: {missing}")
    return found
