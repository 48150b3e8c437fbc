"""A bulk action on more rows than one request should change.

The form of the progress page holds the ids of the rows that are left, as they matched
the table's filters at the start. Each request takes the next ones, and reads and checks
them like rows that were selected one by one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from core.admin.changelist import grouped
from core.admin.paginator import MAX_COUNTED

MAX_ACTION_ROWS = 200  # selected one by one
CHUNK = 100  # rows in one request, of all rows that match
FIELD = "bulk_run"


@dataclass
class BulkRun:
    """What is left of a bulk action, and what was done so far."""

    left: list[str]
    total: int
    chunk: int  # rows in one request
    count: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest, rows: QuerySet[Any]) -> BulkRun | None:
        """Return the run that the form continues, or a new one.

        Return None if more than MAX_COUNTED rows match.
        """
        if not acts_on_all(request):
            keys = [str(row.pk) for row in rows[:MAX_ACTION_ROWS]]
            return cls(keys, len(keys), MAX_ACTION_ROWS)
        try:
            return cls(**signing.loads(request.POST.get(FIELD, ""), salt=FIELD))
        except signing.BadSignature:
            keys = [str(key) for key in _keys(rows)]
            is_bounded = len(keys) <= MAX_COUNTED
            return cls(keys, len(keys), CHUNK) if is_bounded else None

    def next_rows(self, rows: QuerySet[Any]) -> list[Any]:
        """Take the next rows; those that no longer match are left out."""
        chosen, self.left = self.left[: self.chunk], self.left[self.chunk :]
        found = {str(row.pk): row for row in rows.filter(pk__in=chosen)}
        return [found[key] for key in chosen if key in found]

    def refuse(self, reason: str, times: int = 1) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + times

    @property
    def processed(self) -> int:
        return self.total - len(self.left)

    def signed(self) -> str:
        return signing.dumps(asdict(self), salt=FIELD, compress=True)


def acts_on_all(request: HttpRequest) -> bool:
    """Return whether all rows that match are chosen, beyond those on the page."""
    return request.POST.get("select_across") == "1"


def _keys(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[: MAX_COUNTED + 1])


def progress_page(
    model_admin: ModelAdmin[Any], request: HttpRequest, run: BulkRun
) -> HttpResponse:
    """Show how many rows are processed; the form continues with the rest."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"csrfmiddlewaretoken", FIELD}
    ]
    numbers = {"processed": grouped(run.processed), "total": grouped(run.total)}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("%(processed)s of %(total)s processed") % numbers,
        "opts": model_admin.opts,
        "run": run,
        "fields": [*fields, (FIELD, run.signed())],
    }
    return TemplateResponse(request, "admin/bulk_progress.html", context)
