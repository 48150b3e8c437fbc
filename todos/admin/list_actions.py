"""Actions on many lists at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext

from core.admin.permissions import once_per_request, request_user
from todos.admin.own_lists import own_lists
from todos.admin.trash import TrashActions
from todos.models import TodoList
from todos.services.lists import restore_list, trash_list
from todos.services.trash import purge_list


def trashed(count: int) -> str:
    return (
        ngettext("%d list moved to the trash.", "%d lists moved to the trash.", count)
        % count
    )


def restored(count: int) -> str:
    return ngettext("%d list restored.", "%d lists restored.", count) % count


def purged(count: int) -> str:
    return (
        ngettext("%d list deleted permanently.", "%d lists deleted permanently.", count)
        % count
    )


class ListBulkActions(TrashActions):
    """Moves lists to the trash and back, for users who own some."""

    row_name = "todo_list"
    trashing = (trash_list, trashed)
    restoring = (restore_list, restored)
    purging = (purge_list, purged)
    purge_title = gettext_lazy("Delete lists with everything in them")

    def names_for(self, request: HttpRequest) -> Sequence[str]:
        return super().names_for(request) if owns_lists(request) else ()

    def can_act_on(self, row: Model) -> bool:
        return isinstance(row, TodoList) and row.is_manageable


@once_per_request
def owns_lists(request: HttpRequest) -> bool:
    """Return whether the user owns a list other than the inbox."""
    if own_lists(request).first(1, lambda row: row.is_manageable):
        return True
    owned = TodoList.objects.owned_by(request_user(request))
    return owned.filter(inbox_of=None).exists()
