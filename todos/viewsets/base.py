"""The base of the endpoints of lists and todos."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import get_language

from core.api.preconditions import conditional_response
from core.api.viewsets import ScopedViewSet
from core.scoping import Row
from todos.cache import collection_state, tag_in_state


class ListScopedViewSet(ScopedViewSet[Row]):
    """Rows of lists; an unchanged collection gets 304 without being read."""

    def fresh_page(self, queryset: QuerySet[Row]) -> HttpResponseBase:
        """Return a page with its ETag, or 304 if the client has it already."""
        rows = self.query(queryset)
        state = collection_state(self.user)
        tag = tag_in_state(
            state, query=self.request.get_full_path(), language=get_language() or ""
        )
        answer = conditional_response(self.request._request, etag=tag)
        if answer is None:
            paginator: Any = self.paginator
            paginator.begin_at_known_places(state)
            answer = self.page(rows)
        answer["ETag"] = tag
        return answer
