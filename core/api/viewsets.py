"""What every endpoint has: scope, permission, preconditions, idempotency."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.api.idempotency import HEADER, answer_once
from core.api.preconditions import expected_states
from core.api.serializers import NoFields
from core.models import Recorded
from core.registry import registry
from core.scoping import Order, Row, ScopedQuerySet
from core.users import User

API_PREFIX = "/api/"


class TellsMethodsOnly(APIView):
    """Answers OPTIONS with the methods of the address, even if its row is missing."""

    def get_authenticators(self) -> list[Any]:
        """Return those of the door; the OpenAPI document has no request to ask."""
        path = self.request.path if self.request else API_PREFIX
        return registry.door_of(path).authenticators()

    def options(self, request: Any, *args: object, **kwargs: object) -> Any:
        return HttpResponse(status=204)  # Allow is added to every answer


class ScopedViewSet(TellsMethodsOnly, GenericViewSet[Row]):
    """Shows only what the person may see; any other row does not exist for them.

    Subclasses name the `resource` of key scopes, the permission that each action
    takes in `required`, the serializers of request bodies in `inputs`, and the orders
    that a client may ask for. `outputs` names responses that differ from the usual;
    None is a response without content, as of `destroy`. `examples` of request bodies
    have a title each.
    """

    queryset: Any
    post: Any
    resource: ClassVar[str]
    required: ClassVar[dict[str, str | None]]
    inputs: ClassVar[Mapping[str, type[serializers.BaseSerializer[Any]]]] = {}
    outputs: ClassVar[Mapping[str, type[serializers.BaseSerializer[Any]] | None]] = {}
    examples: ClassVar[Mapping[str, Mapping[str, dict[str, object]]]] = {}
    orders: ClassVar[dict[str, Order]] = {}
    answers_with_secret: ClassVar[bool] = False
    operation_prefix: ClassVar[str] = ""
    lookup_value_converter = "uuid"

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if (
            request.method == "POST"
            and HEADER in request.headers
            and hasattr(self, "post")
        ):
            self.post = partial(answer_once, self.post, self)
        response = super().dispatch(request, *args, **kwargs)
        # Answers are a person's own: a cache between may keep, but not reuse them.
        patch_cache_control(response, private=True, no_cache=True)
        if self.answers_with_secret:
            patch_cache_control(response, no_store=True)
        return response

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if self.action not in self.required:
            return  # the method is not one of the address, which is answered next
        self._refuse_unknown_parameters(request)
        expected_states(request.headers.get("If-Match"))  # refused where malformed
        if self.action not in self.inputs and request.method not in SAFE_METHODS:
            NoFields(data=request.data).is_valid(raise_exception=True)

    def scope(self) -> ScopedQuerySet[Row]:
        """Return all rows of the model that the person may see."""
        if not isinstance(self.queryset, ScopedQuerySet):
            raise ImproperlyConfigured(f"{type(self).__name__} has no scoped queryset.")
        return self.queryset.visible_to(self.user)

    def get_queryset(self) -> QuerySet[Row]:
        return self.scope()

    def get_serializer_class(self) -> Any:
        usual = None if self.action == "destroy" else self.serializer_class
        return self.outputs.get(self.action, usual)

    def allowed_orders(self) -> dict[str, Order]:
        """Return what a client may order by; the first is the usual one."""
        return self.orders

    def replayable(self, user: User) -> QuerySet[Row]:
        """Return the rows for which a repeated POST may get the first response."""
        rows: QuerySet[Row] = self.queryset.model._default_manager.editable_by(user)
        return rows

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]

    @property
    def expected(self) -> frozenset[str] | None:
        """Return the states of the row that the client expects; None is any."""
        return expected_states(self.request.headers.get("If-Match"))

    def valid(self, row: Recorded | None = None) -> dict[str, Any]:
        """Return the validated body, as the action's input says."""
        serializer = self.inputs[self.action](
            row,
            data=self.request.data,
            partial=self.action == "partial_update",
            context=self.get_serializer_context(),
        )
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def item(self, row: Recorded, *, status: int = 200, **headers: str) -> Response:
        """Answer with one row and the tag of its state."""
        shown = self.present(row)
        headers = {"ETag": f'"{self.tag_of(row, shown)}"'} | headers
        return Response(shown, status=status, headers=headers)

    def created(self, row: Recorded) -> Response:
        """Answer with a new row and its address."""
        location = self.request.build_absolute_uri(f"{self.request.path}/{row.pk}")
        return self.item(row, status=201, Location=location)

    def tag_of(self, row: Recorded, shown: object) -> str:
        """Return the entity tag of a row and what the response shows of it."""
        return row.etag

    def present(self, rows: object, *, many: bool = False) -> Any:
        """Return a row, or many rows, as the API shows them."""
        return self.get_serializer(rows, many=many).data

    def query(self, queryset: QuerySet[Row]) -> QuerySet[Row]:
        """Return the rows that the query asks for, or refuse the query."""
        paginator: Any = self.paginator
        paginator.read(self.request, self.allowed_orders())
        return self.filter_queryset(queryset)

    def page(self, queryset: QuerySet[Row]) -> Response:
        """Answer with one page of the rows."""
        rows = self.paginate_queryset(queryset)
        return self.get_paginated_response(self.present(rows, many=True))

    def known_parameters(self) -> set[str]:
        """Return the query parameters that the current action understands."""
        if self.action != "list":
            return set()
        filterset = getattr(self, "filterset_class", None)
        filters = set(filterset.base_filters) if filterset else set()
        paginator: Any = self.paginator
        return filters | set(paginator.parameters)

    def _refuse_unknown_parameters(self, request: Request) -> None:
        known, errors = self.known_parameters(), {}
        for name, values in request.query_params.lists():
            if name not in known:
                errors[name] = (_("This parameter is not known."), "unknown_parameter")
            elif len(values) > 1:
                errors[name] = (_("Give this once."), "repeated_parameter")
        if errors:
            raise serializers.ValidationError(
                {
                    name: [serializers.ErrorDetail(*error)]
                    for name, error in errors.items()
                }
            )


class ShownWithMore(ScopedViewSet[Row]):
    """Items that show more than their version covers, such as a person's name.

    The tag is the version, then a digest of what is shown: If-None-Match compares all
    of it, If-Match only the version, which is what a change would overwrite.
    """

    @property
    def expected(self) -> frozenset[str] | None:
        states = super().expected
        return states and frozenset(state.partition("-")[0] for state in states)

    def tag_of(self, row: Recorded, shown: object) -> str:
        text = json.dumps(shown, cls=JSONEncoder, sort_keys=True)
        return f"{row.version}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
