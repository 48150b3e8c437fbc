"""Keyword arguments that a TypedDict declares, checked at runtime as well."""

from __future__ import annotations

from collections.abc import Mapping


def require_known(fields: Mapping[str, object], declared: type) -> None:
    """Raise TypeError if a field is not declared in the TypedDict.

    A service that takes `**fields: Unpack[SomeFields]` calls this first, so that no
    caller sets a column that the service does not offer, such as `version`.
    """
    known: frozenset[str] = getattr(declared, "__optional_keys__")  # noqa: B009
    known |= getattr(declared, "__required_keys__")  # noqa: B009
    if unknown := fields.keys() - known:
        names = ", ".join(sorted(unknown))
        raise TypeError(f"{declared.__name__} does not declare {names}")
