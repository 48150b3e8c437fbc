"""The fields of people that may be set, as keyword arguments of the services."""

from __future__ import annotations

from typing import TypedDict


class ProfileFields(TypedDict, total=False):
    """The fields of their own profile that people may change."""

    display_name: str
    time_zone: str
    language: str


class PersonDetails(ProfileFields, total=False):
    """The optional fields of a person; omitted ones get the model's default."""

    email: str
    is_active: bool
    is_superuser: bool


class PersonFields(PersonDetails, total=False):
    """The fields of a person that managers may change."""

    username: str
