"""The base of endpoints: scope, permission, preconditions, idempotency."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import NotAcceptable
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.api.encrypted import EncryptionKeyMissing, lacks_encryption_key
from core.api.filters import StrictFilterSet, with_creation_time
from core.api.idempotency import HEADER, answer_once
from core.api.preconditions import (
    COLLECTION,
    DIGEST_MARK,
    Preconditions,
    preconditions_of,
)
from core.api.problems import default_detail_of
from core.api.renderers import as_json
from core.api.representation import representation_of
from core.api.serializers import NoFields
from core.api.unknown import unknown_name
from core.errors import Stale
from core.models import Recorded
from core.registry import registry
from core.scoping import Order, Row, ScopedQuerySet
from core.users import User

API_PREFIX = "/api/"


class ServiceView(APIView):
    """Authenticates as the path's door says; answers OPTIONS even for a missing row."""

    unacceptable: NotAcceptable | None = None

    def get_authenticators(self) -> list[Any]:
        """Return the authenticators of the path's door; OpenAPI has no request."""
        path = self.request.path_info if self.request else API_PREFIX
        return registry.door_of(path).authenticators()

    def options(self, request: Any, *args: object, **kwargs: object) -> Any:
        return HttpResponse(status=204)  # Allow is added to every answer

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[Any, str]:
        """Choose the media type of the response, without refusing the request yet.

        A refusal and a response without a body need no negotiation, so only a response
        with a body can turn out not to be acceptable.
        """
        try:
            return super().perform_content_negotiation(request)
        except NotAcceptable:
            self.unacceptable = NotAcceptable(default_detail_of(406))
            first = self.get_renderers()[0]
            return first, first.media_type

    def finalize_response(
        self, request: Any, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Mark the response to a read if the client does not accept its media type.

        ProblemMiddleware then refuses, unless nothing changed: a 304 has no body.
        """
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.unacceptable and request.method in SAFE_METHODS:
            response.unacceptable = self.unacceptable
        return response


class ScopedViewSet(ServiceView, GenericViewSet[Row]):
    """Shows only the rows that the user may see; others count as missing.

    Subclasses set the `resource` of key scopes, the permission of each action in
    `required`, the serializers of request bodies in `inputs`, and the `orders` that
    clients may choose. Lists take the parameters of `filters`, and always those that
    compare `created_column`: `created_from` and `created_to`. `outputs` overrides
    response serializers; None is a response without content, the default for `destroy`.
    `creating` are the actions that add rows to the collection, and `downloads` those
    that respond with the content of a file. `examples` maps each action to request
    bodies by title.
    """

    queryset: Any
    post: Any
    resource: ClassVar[str]
    required: ClassVar[dict[str, str | None]]
    inputs: ClassVar[Mapping[str, type[serializers.BaseSerializer[Any]]]] = {}
    outputs: ClassVar[Mapping[str, type[serializers.BaseSerializer[Any]] | None]] = {}
    examples: ClassVar[Mapping[str, Mapping[str, dict[str, object]]]] = {}
    orders: ClassVar[dict[str, Order]] = {}
    filters: ClassVar[type[StrictFilterSet]] = StrictFilterSet
    created_column: ClassVar[str] = "created_at"
    creating: ClassVar[frozenset[str]] = frozenset({"create"})
    downloads: ClassVar[frozenset[str]] = frozenset()
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
        # Responses are personal: shared caches must not store them, clients revalidate.
        patch_cache_control(response, private=True, no_cache=True)
        if self.answers_with_secret:
            patch_cache_control(response, no_store=True)
        return response

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if lacks_encryption_key(request._request):
            self.unacceptable = EncryptionKeyMissing()
        if self.action not in self.required:
            return  # the method is not allowed here; dispatch answers with 405
        self._refuse_unknown_parameters(request)
        preconditions = preconditions_of(request)
        if request.method in SAFE_METHODS:
            return
        if self.unacceptable and self.get_serializer_class() is not None:
            raise self.unacceptable  # before the request takes effect
        if self.action in self.creating and COLLECTION not in preconditions:
            raise Stale
        if self.action not in self.inputs:
            NoFields(data=request.data).is_valid(raise_exception=True)

    def scope(self) -> ScopedQuerySet[Row]:
        """Return all rows of the model that the user may see."""
        if not isinstance(self.queryset, ScopedQuerySet):
            raise ImproperlyConfigured(f"{type(self).__name__} has no scoped queryset.")
        return self.queryset.visible_to(self.user)

    def get_queryset(self) -> QuerySet[Row]:
        return self.scope()

    def get_serializer_class(self) -> Any:
        usual = None if self.action == "destroy" else self.serializer_class
        return self.outputs.get(self.action, usual)

    @property
    def filterset_class(self) -> type[StrictFilterSet]:
        """Return the filters of the list, for django-filter."""
        return with_creation_time(self.filters, self.created_column)  # type: ignore[arg-type]

    @property
    def given_filters(self) -> frozenset[str]:
        """Return the names of the filters that the query contains."""
        known = self.filterset_class.base_filters
        return frozenset(name for name in self.request.GET if name in known)

    def allowed_orders(self) -> dict[str, Order]:
        """Return the orders that a client may choose; the first is the default."""
        return self.orders

    def replayable(self, user: User) -> QuerySet[Row]:
        """Return the rows for which a repeated POST may get the original response."""
        rows: QuerySet[Row] = self.queryset.model._default_manager.editable_by(user)
        return rows

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]

    @property
    def expected(self) -> Preconditions:
        """Return the states of the row in which the request may take effect."""
        return preconditions_of(self.request)

    def valid(self, row: Recorded | None = None) -> dict[str, Any]:
        """Return the body, validated by the action's input serializer."""
        serializer = self.inputs[self.action](
            row,
            data=self.request.data,
            partial=self.action == "partial_update",
            context=self.get_serializer_context(),
        )
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def item(self, row: Any, *, status: int = 200, **headers: str) -> Response:
        """Respond with one row and its entity tag."""
        shown = self.present(row)
        headers = {"ETag": f'"{self.tag_of(row, shown)}"'} | headers
        return Response(shown, status=status, headers=headers)

    def created(self, row: Recorded) -> Response:
        """Respond with a new row and its URL."""
        location = self.request.build_absolute_uri(f"{self.request.path}/{row.pk}")
        return self.item(row, status=201, Location=location)

    def tag_of(self, row: Any, shown: object) -> str:
        """Return the entity tag of a row and its representation."""
        return str(row.etag)

    def present(self, rows: object, *, many: bool = False) -> Any:
        """Return a row, or many rows, as the API shows them."""
        representation = representation_of(self.get_serializer_class())
        show: Any = representation.many if many else representation.one
        return show(rows, self.get_serializer_context())

    def present_many(self, rows: Sequence[Any]) -> Any:
        """Return many rows as the response to one POST, and its replay, shows them."""
        shown_by: Any = self.serializer_class
        representation = representation_of(shown_by)
        context = self.get_serializer_context()
        return {"results": representation.many(rows, context)}

    def query(self, queryset: QuerySet[Row]) -> QuerySet[Row]:
        """Return the rows that match the query string, or refuse it."""
        paginator: Any = self.paginator
        paginator.read(self.request, self.allowed_orders())
        return self.filter_queryset(queryset) if self.given_filters else queryset

    def page(self, source: Any) -> Response:
        """Respond with one page of a queryset, or of what else the paginator reads."""
        rows: Any = self.paginate_queryset(source)
        return self.get_paginated_response(self.present(rows, many=True))

    def known_parameters(self) -> set[str]:
        """Return the query parameters that the current action understands."""
        if self.action != "list":
            return set()
        paginator: Any = self.paginator
        return {*self.filterset_class.base_filters, *paginator.parameters}

    def _refuse_unknown_parameters(self, request: Request) -> None:
        known, errors = self.known_parameters(), {}
        for name, values in request.query_params.lists():
            if name not in known:
                message = unknown_name(name, known, _("This parameter is not known."))
                errors[name] = (message, "unknown_parameter")
            elif len(values) > 1:
                errors[name] = (_("Give this once."), "repeated_parameter")
        if errors:
            raise serializers.ValidationError(
                {
                    name: [serializers.ErrorDetail(*error)]
                    for name, error in errors.items()
                }
            )


class CompositeTagViewSet(ScopedViewSet[Row]):
    """Rows whose representation includes other rows' data, such as a person's name.

    The tag consists of the row's state and a digest of the representation.
    If-None-Match compares all of it; If-Match only the state, which protects against
    lost updates.
    """

    def tag_of(self, row: Any, shown: object) -> str:
        digest = hashlib.sha256(as_json(shown)).hexdigest()[:16]
        return f"{row.etag}{DIGEST_MARK}{digest}"
