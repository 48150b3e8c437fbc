"""Endpoints of the members of a list."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.viewsets import CompositeTagViewSet
from core.scoping import Order
from todos.models import Membership, TodoList
from todos.serializers.lists import MembershipSerializer, NewMemberSerializer
from todos.services.sharing import change_member, remove_member, share_list
from todos.viewsets.base import ListScopedViewSet


class MembershipViewSet(CompositeTagViewSet[Membership], ListScopedViewSet[Membership]):
    """The members of a list."""

    resource = "members"
    required = {
        "list": "todos.view_membership",
        "retrieve": "todos.view_membership",
        "create": "todos.add_membership",
        "partial_update": "todos.change_membership",
        "destroy": "todos.delete_membership",
    }
    queryset = Membership.objects.select_related("user")
    serializer_class = MembershipSerializer
    inputs = {"create": NewMemberSerializer, "partial_update": MembershipSerializer}
    examples = {
        "create": {"Share": {"person": "edgar@example.com", "role": "editor"}},
        "partial_update": {"Read only": {"role": "viewer"}},
    }
    orders = {
        "created_at": Order("created_at"),
        "-created_at": Order("created_at", True),
    }

    def get_queryset(self) -> QuerySet[Membership]:
        return self.scope().filter(list=self.kwargs["list_pk"])

    def get_list(self) -> TodoList:
        """Return the list in the URL, if the person can see it."""
        todo_list: TodoList = get_object_or_404(
            TodoList.objects.visible_to(self.user), pk=self.kwargs["list_pk"]
        )
        return todo_list

    def list(self, request: Request, list_pk: str) -> HttpResponseBase:
        """List the members of a list."""
        self.get_list()
        return self.page(self.query(self.get_queryset()))

    def retrieve(self, request: Request, list_pk: str, pk: str) -> Response:
        """Return one member."""
        return self.item(self.get_object())

    def create(self, request: Request, list_pk: str) -> Response:
        """Add a member, by exact user name or email address."""
        membership = share_list(
            actor=self.user,
            todo_list=self.get_list(),
            now=timezone.now(),
            **self.valid(),
        )
        return self.created(membership)

    def partial_update(self, request: Request, list_pk: str, pk: str) -> Response:
        """Change the role of a member."""
        membership = self.get_object()
        changed = change_member(
            actor=self.user,
            membership=membership,
            role=self.valid(membership).get("role", membership.role),
            expected=self.expected,
            now=timezone.now(),
        )
        return self.item(changed)

    def destroy(self, request: Request, list_pk: str, pk: str) -> Response:
        """Remove a member; to leave the list, remove yourself."""
        remove_member(
            actor=self.user,
            membership=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)
