"""Why a signed request is refused. Each refusal says what a signature must cover."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed

# RFC 9421 §5: what the client should sign from now on.
ACCEPT_SIGNATURE = (
    'sig=("@method" "@target-uri" "content-digest" "content-type");created'
)


class SignatureInvalid(AuthenticationFailed):
    default_code = "signature_invalid"
    default_detail = _("The signature is not valid for this request.")
    headers = {"Accept-Signature": ACCEPT_SIGNATURE}


class SignatureRequired(SignatureInvalid):
    default_code = "signature_required"
    default_detail = _("Requests with this API key must be signed (RFC 9421).")


class SignatureMissing(SignatureInvalid):
    default_code = "signature_missing"
    default_detail = _("A signed request needs both Signature-Input and Signature.")


class SignatureMalformed(SignatureInvalid):
    default_code = "signature_malformed"
    default_detail = _(
        "Signature-Input and Signature must describe one signature, with keyid."
    )


class NotSigned(SignatureInvalid):
    default_code = "component_not_signed"
    default_detail = _("The signature does not cover enough of the request.")


class SignatureTooOld(SignatureInvalid):
    default_code = "signature_too_old"
    default_detail = _("The signature is too old. Check the clock, and sign again.")


class SignatureFromFuture(SignatureInvalid):
    default_code = "signature_from_future"
    default_detail = _("The signature is from the future. Check the clock.")


class NonceReused(SignatureInvalid):
    default_code = "nonce_reused"
    default_detail = _(
        "A request with this nonce was received before. Sign again, with another nonce."
    )
