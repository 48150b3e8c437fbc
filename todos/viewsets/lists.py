"""Endpoints of lists, members and labels."""

from __future__ import annotations

from typing import Any

import django_filters
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import Invalid
from accounts.filters import StrictFilterSet
from accounts.models import User
from accounts.scoping import Order
from todos.models import Label, Membership, TodoList
from todos.serializers.lists import (
    LabelChangeSerializer,
    LabelSerializer,
    MembershipSerializer,
    NewMemberSerializer,
    TodoListSerializer,
)
from todos.services.labels import add_label, edit_label, remove_label
from todos.services.lists import add_list, edit_list, restore_list, trash_list
from todos.services.sharing import change_member, remove_member, share_list
from todos.viewsets.base import ListScopedViewSet


class PersonUnknown(Invalid):
    code = "person_unknown"
    message = _("There is no person of this name or address.")


class TodoListFilter(StrictFilterSet):
    """By state."""

    state = django_filters.ChoiceFilter(
        choices=[
            ("active", _("active")),
            ("archived", _("archived")),
            ("trashed", _("in the trash")),
        ],
        method="filter_state",
    )

    class Meta:
        model = TodoList
        fields: tuple[str, ...] = ()

    def filter_state(self, lists: Any, _name: str, state: str) -> Any:
        if state == "trashed":
            return lists  # another queryset: the view chose it
        return lists.filter(is_archived=state == "archived")


class TodoListViewSet(ListScopedViewSet):
    """Lists that the person is a member of."""

    resource = "lists"
    required = {
        "list": "todos.view_todolist",
        "retrieve": "todos.view_todolist",
        "create": "todos.add_todolist",
        "partial_update": "todos.change_todolist",
        "destroy": "todos.delete_todolist",
        "restore": "todos.delete_todolist",
    }
    queryset = TodoList.objects.all()
    serializer_class = TodoListSerializer
    filterset_class = TodoListFilter
    orders = {"position": Order("position"), "-created_at": Order("created_at", True)}

    def get_queryset(self) -> Any:
        owned = TodoList.objects.owned_by(self.user).with_placing()
        if self.action == "restore":  # what is back already stays as it is
            return owned
        if self.action == "list" and self.request.GET.get("state") == "trashed":
            return owned.trashed()
        return TodoList.objects.as_seen_by(self.user)

    def replayable(self, user: User) -> Any:
        return TodoList.objects.owned_by(user)

    def list(self, request: Request) -> HttpResponseBase:
        """List one's lists in one's own order."""
        return self.fresh_page(self.get_queryset())

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one list."""
        return self.item(self.get_object())

    def create(self, request: Request) -> Response:
        """Make a list; who makes it owns it."""
        fields = self.valid(request.data)
        todo_list = add_list(actor=self.user, now=timezone.now(), **fields)
        location = request.build_absolute_uri(f"{request.path}/{todo_list.pk}")
        return self.item(todo_list, status=201, Location=location)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename or archive a list; colour and position are one's own."""
        todo_list = self.get_object()
        fields = self.valid(request.data, instance=todo_list, partial=True)
        changed = edit_list(
            actor=self.user,
            todo_list=todo_list,
            expected=self.expected,
            now=timezone.now(),
            **fields,
        )
        return self.item(changed)

    def destroy(self, request: Request, pk: str) -> Response:
        """Move a list to the trash, out of everyone's sight."""
        trash_list(
            actor=self.user,
            todo_list=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)

    def restore(self, request: Request, pk: str) -> Response:
        """Take a list out of the trash."""
        todo_list = restore_list(
            actor=self.user, todo_list=self.get_object(), now=timezone.now()
        )
        return self.item(todo_list)


class MembershipViewSet(ListScopedViewSet):
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
    orders = {
        "created_at": Order("created_at"),
        "-created_at": Order("created_at", True),
    }

    def get_queryset(self) -> Any:
        return self.scope().filter(list=self.kwargs["list_pk"])

    def get_list(self) -> TodoList:
        """Return the list that the address names, if the person sees it."""
        return get_object_or_404(
            TodoList.objects.visible_to(self.user), pk=self.kwargs["list_pk"]
        )

    def list(self, request: Request, list_pk: str) -> Response:
        """List the members of a list."""
        self.get_list()
        return self.page(self.get_queryset())

    def retrieve(self, request: Request, list_pk: str, pk: str) -> Response:
        """Return one member."""
        return self.item(self.get_object())

    def create(self, request: Request, list_pk: str) -> Response:
        """Let a person into the list, by exact user name or email address."""
        serializer = NewMemberSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        todo_list = self.get_list()
        person = User.objects.named(fields["person"]).first()
        if person is None:
            raise PersonUnknown(field="person")
        membership = share_list(
            actor=self.user,
            todo_list=todo_list,
            user=person,
            role=fields["role"],
            now=timezone.now(),
        )
        location = request.build_absolute_uri(f"{request.path}/{membership.pk}")
        return self.item(membership, status=201, Location=location)

    def partial_update(self, request: Request, list_pk: str, pk: str) -> Response:
        """Give a member another role."""
        membership = self.get_object()
        fields = self.valid(request.data, instance=membership, partial=True)
        changed = change_member(
            actor=self.user,
            membership=membership,
            role=fields.get("role", membership.role),
            expected=self.expected,
            now=timezone.now(),
        )
        return self.item(changed)

    def destroy(self, request: Request, list_pk: str, pk: str) -> Response:
        """Take a member out of the list; oneself is to leave it."""
        remove_member(
            actor=self.user,
            membership=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)


class LabelFilter(StrictFilterSet):
    """By list."""

    list = django_filters.UUIDFilter(field_name="list_id")

    class Meta:
        model = Label
        fields: tuple[str, ...] = ()


class LabelViewSet(ListScopedViewSet):
    """Labels of the lists that the person sees."""

    resource = "labels"
    required = {
        "list": "todos.view_label",
        "retrieve": "todos.view_label",
        "create": "todos.add_label",
        "partial_update": "todos.change_label",
        "destroy": "todos.delete_label",
    }
    queryset = Label.objects.all()
    serializer_class = LabelSerializer
    filterset_class = LabelFilter
    orders = {"name": Order("name_key"), "-created_at": Order("created_at", True)}

    def get_serializer_class(self) -> Any:
        changes = self.action == "partial_update"
        return LabelChangeSerializer if changes else LabelSerializer

    def list(self, request: Request) -> HttpResponseBase:
        """List labels by name."""
        return self.fresh_page(self.get_queryset())

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one label."""
        return self.item(self.get_object())

    def create(self, request: Request) -> Response:
        """Add a label to a list."""
        fields = self.valid(request.data)
        label = add_label(
            actor=self.user, todo_list=fields.pop("list"), now=timezone.now(), **fields
        )
        location = request.build_absolute_uri(f"{request.path}/{label.pk}")
        return self.item(label, status=201, Location=location)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename or recolour a label."""
        label = self.get_object()
        fields = self.valid(request.data, instance=label, partial=True)
        changed = edit_label(
            actor=self.user,
            label=label,
            expected=self.expected,
            now=timezone.now(),
            **fields,
        )
        return self.item(changed)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a label, also from the todos that carry it."""
        remove_label(
            actor=self.user,
            label=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)
