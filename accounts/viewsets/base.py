"""What every endpoint has: scope, permission, preconditions, idempotency."""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.idempotency import HEADER, answer_once
from accounts.models import Recorded, User
from accounts.scoping import Order, ScopedQuerySet


class ScopedViewSet(GenericViewSet[Any]):
    """Starts from what the person may see; another's row is as one that is not there.

    Subclasses name the `resource` of key scopes, the permission that each action
    takes in `required`, and the orders that a client may ask for.
    """

    resource: ClassVar[str]
    required: ClassVar[dict[str, str | None]]
    orders: ClassVar[dict[str, Order]] = {}
    parameters: ClassVar[frozenset[str]] = frozenset()
    answers_with_secret: ClassVar[bool] = False
    lookup_value_converter = "uuid"

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
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
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._refuse_unknown_parameters(request)

    def scope(self) -> Any:
        """Return every row of this kind that the person may see."""
        if not isinstance(self.queryset, ScopedQuerySet):
            raise ImproperlyConfigured(f"{type(self).__name__} has no scoped queryset.")
        return self.queryset.visible_to(self.user)

    def get_queryset(self) -> Any:
        return self.scope()

    def allowed_orders(self) -> dict[str, Order]:
        """Return what a client may order by; the first is the usual one."""
        return self.orders

    def replayable(self, user: User) -> Any:
        """Return the rows whose making may be told of again."""
        return self.queryset.model._default_manager.editable_by(user)  # type: ignore[union-attr]

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]

    @property
    def expected(self) -> Container[str] | None:
        """Return the states that If-Match names (RFC 9110 §13.1.1); None is any.

        Weak tags are taken too: a proxy that compresses weakens strong ones.
        """
        header = self.request.headers.get("If-Match")
        if header is None or header.strip() == "*":
            return None
        return {tag.removeprefix("W/").strip('"') for tag in parse_etags(header)}

    def valid(self, data: Any, **options: Any) -> dict[str, Any]:
        """Return the validated input."""
        serializer = self.get_serializer(data=data, **options)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def item(self, row: Recorded, *, status: int = 200, **headers: str) -> Response:
        """Answer with one row and the tag of its state."""
        headers = {"ETag": f'"{row.etag}"'} | headers
        return Response(self.present(row), status=status, headers=headers)

    def present(self, row: Any, **options: Any) -> Any:
        """Return the row, or rows, as the API shows them."""
        return self.get_serializer(row, **options).data

    def page(self, queryset: Any) -> Response:
        """Answer with one page of the rows."""
        rows = self.paginate_queryset(self.filter_queryset(queryset))
        return self.get_paginated_response(self.present(rows, many=True))

    def _refuse_unknown_parameters(self, request: Request) -> None:
        known = self.known_parameters()
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            message = serializers.ErrorDetail(
                _("This parameter is not known."), "unknown_parameter"
            )
            raise serializers.ValidationError({name: [message] for name in unknown})

    def known_parameters(self) -> set[str]:
        """Return the query parameters that the current action understands."""
        if self.action != "list":
            return set()
        filterset = getattr(self, "filterset_class", None)
        filters = set(filterset.base_filters) if filterset else set()
        return filters | self.parameters | set(self.paginator.parameters)  # type: ignore[union-attr]
