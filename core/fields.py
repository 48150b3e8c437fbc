"""Model fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from core.characters import search_words
from core.text import fold, trim_lines


class LongTextFormField(forms.CharField):
    """Text of several lines, whose indentation stays; see `trim_lines`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"strip": False}))

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return trim_lines(text) if isinstance(text, str) else text


class LongText(models.TextField):  # type: ignore[type-arg]
    """Text of several lines, which forms and the API do not indent differently."""

    def deconstruct(self) -> Any:
        """Look like a TextField to migrations, since the column is the same."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.TextField", args, options

    def formfield(self, **options: Any) -> Any:
        return super().formfield(**({"form_class": LongTextFormField} | options))


class FoldedField(models.TextField):  # type: ignore[type-arg]
    """The folded text of other fields of the row, for comparison.

    It is computed on every write. With `null`, empty text becomes NULL, so that a
    unique constraint allows many rows without text.
    """

    def __init__(self, *, of: tuple[str, ...] = (), **options: Any) -> None:
        self.of = of
        super().__init__(**(options | {"editable": False}))

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        del options["editable"]
        return name, path, args, options | {"of": self.of}

    def pre_save(self, instance: models.Model, add: bool) -> str | None:
        folded = self.fold("\n".join(getattr(instance, name) for name in self.of))
        value = None if self.null and not folded else folded
        setattr(instance, self.attname, value)
        return value

    def fold(self, text: str) -> str:
        return fold(text).strip()


class SearchField(FoldedField):
    """The words of other fields of the row, for search: see `search_words`.

    A search finds the row if each of its words is part of one of these words, so
    their order and repetition do not matter.
    """

    def fold(self, text: str) -> str:
        return " ".join(search_words(text))


@SearchField.register_lookup
class Holds(models.Lookup):
    """The text contains this word, which is folded."""

    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        find = "STRPOS" if connection.vendor == "postgresql" else "INSTR"
        return f"{find}({lhs}, {rhs}) > 0", [*lhs_params, *rhs_params]
