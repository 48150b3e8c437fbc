"""The public keys for encrypted bodies: /.well-known/jwks.json (RFC 7517, RFC 8615)."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from core.api.renderers import as_json
from core.body_keys import published_keys

# Far less than the time for which a retired key is accepted.
MAX_AGE = timedelta(hours=1)


@csrf_exempt  # so that other methods are refused for what they are
@require_safe
def key_set(request: HttpRequest) -> HttpResponse:
    """Return the keys to encrypt to; anyone may read them."""
    keys = {"keys": published_keys(timezone.now())}
    response = HttpResponse(as_json(keys), content_type="application/jwk-set+json")
    patch_cache_control(response, public=True, max_age=int(MAX_AGE.total_seconds()))
    return response
