"""What the endpoints of lists and todos share."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language

from core.api.viewsets import ScopedViewSet
from todos.cache import collection_tag


class ListScopedViewSet(ScopedViewSet):
    """Rows of lists: a collection is answered with 304 without reading it."""

    def fresh_page(self, queryset: Any) -> HttpResponseBase:
        """Answer with a page and its tag, or with 304 when the client has it."""
        rows = self.query(queryset)
        tag = collection_tag(
            self.user,
            query=self.request.get_full_path(),
            language=get_language() or "",
        )
        answer = get_conditional_response(self.request._request, etag=tag)
        if answer is None:
            answer = self.page(rows)
        answer["ETag"] = tag
        return answer
