"""Is it alive?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process serves; it asks nothing of any other part."""
    return HttpResponse("ok\n", content_type="text/plain")
