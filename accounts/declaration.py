"""The declaration of accounts: users, roles, API keys and the doors of the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from accounts.images import MAX_BYTES
from accounts.models import ApiKey, AttemptCounter, Role, User
from core.models import Source
from core.registry import (
    Declaration,
    DoctorCheck,
    Door,
    Resource,
    Subject,
    every_operation,
)
from core.schedules import Every, ScheduledTask

API = Door(
    "/api/",
    Source.API,
    Source.API.label,
    errors="problem",
    authentication=(
        "accounts.authentication.ApiKeyAuthentication",
        "accounts.authentication.SignatureAuthentication",
        "accounts.authentication.SessionAuthentication",
    ),
)
MANAGER = every_operation("accounts", "user", "role") | {"accounts.revoke_apikey"}


def doctor_checks() -> Iterable[DoctorCheck]:
    from accounts.management.doctor import CHECKS

    return CHECKS


DECLARATION = Declaration(
    app="accounts",
    api_urls="accounts.urls",
    urls="accounts.media_urls",
    resources=[
        Resource("profile", "Your own profile.", _("profile")),
        # A key that can create keys could outlive its own revocation.
        Resource("keys", "Your own API keys.", _("API keys"), needs_request=True),
        Resource(
            "users", "People who share a list with you.", _("people"), is_read_only=True
        ),
        Resource("roles", "Roles and what they permit.", _("roles"), is_read_only=True),
    ],
    subjects=[
        Subject(
            "user",
            User,
            {
                "created": _("added"),
                "changed": _("changed"),
                "password_changed": _("given a new password"),
                "removed": _("removed"),
                "locked_out": _("locked out"),
            },
            fields=("avatar", "roles", "is_superuser", "address", "until"),
            labels={
                "roles": _("roles"),
                "address": _("address"),
                "until": _("until"),
            },
            name_field="username",
        ),
        Subject(
            "attempts",
            AttemptCounter,
            {"locked_out": _("locked out")},
            fields=("address", "until"),
            labels={"address": _("address"), "until": _("until")},
        ),
        Subject(
            "role",
            Role,
            {"created": _("added"), "changed": _("changed"), "deleted": _("deleted")},
            fields=("name", "permissions", "people"),
            labels={"people": _("people")},
            name_field="name",
        ),
        Subject(
            "apikey",
            ApiKey,
            {
                "created": _("added"),
                "changed": _("changed"),
                "revoked": _("revoked"),
                "removed": _("removed"),
            },
            fields=("user", "revoked_by"),
            labels={"revoked_by": _("revoked by")},
            name_field="name",
        ),
    ],
    doctor_checks=doctor_checks,
    doors=[
        API,
        # Images in pages: no session is read, and nobody sees a refusal as a page.
        replace(API, prefix="/media/", authentication=()),
    ],
    body_limits={
        "/api/v1/me/avatar": MAX_BYTES,
        "/admin/accounts/user/me/avatar/": MAX_BYTES,
    },
    tasks=[
        ScheduledTask("accounts.tasks.prune", Every(timedelta(minutes=5))),
        ScheduledTask("accounts.tasks.sweep_avatar_files", Every(timedelta(hours=1))),
    ],
    grants={
        "member": every_operation("accounts", "apikey") | {"accounts.view_user"},
        "manager": MANAGER,
        "auditor": frozenset({"accounts.view_role", "accounts.view_user"}),
    },
)
