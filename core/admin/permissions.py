"""Who may do what on a page: global permission ∧ the row's own answer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.scoping import ScopedQuerySet
from core.users import User


def person_of(request: HttpRequest) -> User:
    """Return who is signed in; pages are shown to nobody else."""
    return request.user  # type: ignore[return-value]


class ScopedRights:
    """Rows start from `visible_to`, rights from `editable_by`."""

    model: type[Model]
    rows: ScopedQuerySet[Any] | None = None

    def require_scope(self) -> ScopedQuerySet[Any]:
        """Return the unscoped rows of a model that can scope them; refuse any other."""
        rows = self.model._default_manager.all() if self.rows is None else self.rows
        if not isinstance(rows, ScopedQuerySet):
            raise ImproperlyConfigured(
                f"{self.model.__name__} does not say who sees its rows."
            )
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.require_scope().visible_to(person_of(request))

    def can_edit(self, request: HttpRequest, row: Any) -> bool:
        """Tell whether the person may change this row; asked once per request."""
        known: dict[Any, bool] = request.__dict__.setdefault("_editable_rows", {})
        key = (self.model, row.pk)
        if key not in known:
            editable = self.require_scope().editable_by(person_of(request))
            known[key] = editable.filter(pk=row.pk).exists()
        return known[key]

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        """Return what the person may choose for a relation of this model."""
        related = self.model._meta.get_field(field).remote_field.model  # type: ignore[union-attr]
        rows = related._default_manager.all()
        if not isinstance(rows, ScopedQuerySet):
            raise ImproperlyConfigured(f"{related.__name__} cannot be chosen from.")
        return rows.visible_to(person_of(request))

    def formfield_for_foreignkey(
        self, db_field: Any, request: Any, **options: Any
    ) -> Any:
        options["queryset"] = self.choices_for(request, db_field.name)
        return super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc]

    def formfield_for_manytomany(
        self, db_field: Any, request: Any, **options: Any
    ) -> Any:
        options["queryset"] = self.choices_for(request, db_field.name)
        return super().formfield_for_manytomany(db_field, request, **options)  # type: ignore[misc]


class ScopedInline(ScopedRights, admin.options.InlineModelAdmin):  # type: ignore[type-arg]
    """Rows below another row; the page above writes them."""

    extra = 1
    can_delete = False
    show_change_link = False
