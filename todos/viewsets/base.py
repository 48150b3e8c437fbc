"""The base of the endpoints of lists and todos."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import get_language

from core.api.preconditions import conditional_response
from core.api.viewsets import ScopedViewSet
from core.scoping import Row
from todos.cache import collection_tag


class ListScopedViewSet(ScopedViewSet[Row]):
    """Rows of lists; an unchanged collection gets 304 without being read."""

    def fresh_page(self, queryset: QuerySet[Row]) -> HttpResponseBase:
        """Return a page with its ETag, or 304 if the client has it already."""
        rows = self.query(queryset)
        tag = collection_tag(
            self.user,
            query=self.request.get_full_path(),
            language=get_language() or "",
        )
        answer = conditional_response(self.request._request, etag=tag)
        if answer is None:
            answer = self.page(rows)
        answer["ETag"] = tag
        return answer
