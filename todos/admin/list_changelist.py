"""The changelist of lists, and that of the deleted ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ListFilter
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.changelist import BoundedChangeList, Changelist
from core.admin.permissions import request_user
from core.admin.table import Column
from core.site import NavItem
from todos.admin.colours import DEFAULT_COLOUR
from todos.admin.inlines import MEMBER_ORDER
from todos.admin.own_lists import own_lists
from todos.admin.trash import shows_trash
from todos.models import Membership

MAX_IN_NAV = 12
NAMES_OF_MEMBERS = ("user__username", "user__display_name")


class ListTable(BoundedChangeList):
    """Lists, each with its other members."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        lists = super().get_queryset(request, exclude_parameters)
        others = Membership.objects.exclude(user=request_user(request))
        names = others.select_related("user").only("list", *NAMES_OF_MEMBERS)
        members = names.order_by(*MEMBER_ORDER)
        return lists.prefetch_related(Prefetch("memberships", members))


class ListChangelist(Changelist):
    """Lists in the user's own order. Their names lead to their todos."""

    view_class = ListTable

    def columns(self, request: HttpRequest) -> Sequence[Column]:
        shown = super().columns(request)
        return shown[:-1] if shows_trash(request) else shown

    def links(
        self, request: HttpRequest, columns: Sequence[Column]
    ) -> Sequence[Column] | None:
        return None if shows_trash(request) else super().links(request, columns)

    def filters(self, request: HttpRequest) -> Sequence[type[ListFilter]]:
        return () if shows_trash(request) else super().filters(request)

    def ordering(self, request: HttpRequest) -> Sequence[str]:
        return ("position", "pk")

    def context(self, request: HttpRequest) -> dict[str, Any]:
        if shows_trash(request):
            return {"in_trash": True, "title": _("Lists in the trash")}
        return {"title": _("Lists")}

    def nav_items(self, request: HttpRequest) -> list[NavItem]:
        """Return the changelist, and the todos of each of the first lists."""
        nearest = own_lists(request).first(MAX_IN_NAV, lambda row: not row.is_archived)
        todos = reverse("admin:todos_todo_changelist")
        section = gettext_lazy("Lists")
        own = [
            NavItem(
                row.title,
                f"{todos}?list={row.pk}",
                "dot",
                section,
                row.colour or DEFAULT_COLOUR,
                order=45,
            )
            for row in nearest
        ]
        return [*super().nav_items(request), *own]
