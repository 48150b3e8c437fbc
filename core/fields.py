"""Model fields."""

from __future__ import annotations

from typing import Any

from django.db import models

from core.text import fold


class FoldedField(models.TextField):  # type: ignore[type-arg]
    """The folded text of other fields of the row, for comparison and search.

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
        folded = fold("\n".join(getattr(instance, name) for name in self.of)).strip()
        value = None if self.null and not folded else folded
        setattr(instance, self.attname, value)
        return value
