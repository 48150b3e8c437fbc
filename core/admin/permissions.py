"""What users may see and change: their permissions, within the scope of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import ModelChoiceField, ModelMultipleChoiceField
from django.http import HttpRequest

from core.admin.forms import RowChoice, RowChoices
from core.scoping import ScopedQuerySet
from core.users import User

Row = TypeVar("Row", bound=Model)
Found = TypeVar("Found")

Relation: TypeAlias = "ForeignKey[Any, Any] | ManyToManyField[Any, Any]"


def request_user(request: HttpRequest) -> User:
    """Return the signed-in user; all pages require one."""
    return request.user  # type: ignore[return-value]


def once_per_request(
    find: Callable[[HttpRequest], Found],
) -> Callable[[HttpRequest], Found]:
    """Decorate a function so that it runs once for each request."""
    key = f"_{find.__module__}.{find.__qualname__}"

    @wraps(find)
    def remembered(request: HttpRequest) -> Found:
        results: dict[str, Found] = request.__dict__
        if key not in results:
            results[key] = find(request)
        return results[key]

    return remembered


class ScopedRows(Generic[Row]):
    """Limits what users see to `visible_to`, and what they change to `editable_by`.

    A mixin for ModelAdmin and InlineModelAdmin.
    """

    model: type[Model]
    rows: ScopedQuerySet[Any] | None = None

    def require_scope(self) -> ScopedQuerySet[Any]:
        """Return the unscoped rows; raise ImproperlyConfigured without a scope."""
        rows = self.model._default_manager.all() if self.rows is None else self.rows
        return _scoped(rows)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.require_scope().visible_to(request_user(request))

    def can_edit(self, request: HttpRequest, row: Row) -> bool:
        """Return whether the user may change this row; cached for the request."""
        known: dict[tuple[type[Model], UUID | int], bool]
        known = request.__dict__.setdefault("_editable_rows", {})
        key = (self.model, row.pk)
        if key not in known:
            editable = self.require_scope().editable_by(request_user(request))
            known[key] = editable.filter(pk=row.pk).exists()
        return known[key]

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        """Return the rows that the user may choose for a relation of the model."""
        related = self.model._meta.get_field(field).remote_field.model  # type: ignore[union-attr]
        return _scoped(related._default_manager.all()).visible_to(request_user(request))

    def _choices_at_first(
        self,
        request: HttpRequest,
        field: ForeignKey[Any, Any] | ManyToManyField[Any, Any],
    ) -> QuerySet[Any]:
        """Return the choices, or none if the form itself sets them."""
        form: Any = self.form  # type: ignore[attr-defined]
        if field.name in getattr(form, "offered", ()):
            return field.related_model._default_manager.none()
        return self.choices_for(request, field.name)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> ModelChoiceField[Any] | None:
        options["queryset"] = self._choices_at_first(request, db_field)
        options["form_class"] = RowChoice
        return super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc,no-any-return]

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **options: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        options["queryset"] = self._choices_at_first(request, db_field)
        options["form_class"] = RowChoices
        return super().formfield_for_manytomany(db_field, request, **options)  # type: ignore[misc,no-any-return]


def _scoped(rows: QuerySet[Any]) -> ScopedQuerySet[Any]:
    if not isinstance(rows, ScopedQuerySet):
        name = rows.model.__name__
        raise ImproperlyConfigured(f"{name} does not define who may see its rows.")
    return rows
