"""Admin pages of people, roles and API keys."""

from __future__ import annotations

from accounts.admin.keys import ApiKeyAdmin
from accounts.admin.people import UserAdmin
from accounts.admin.roles import RoleAdmin

__all__ = ["ApiKeyAdmin", "RoleAdmin", "UserAdmin"]
