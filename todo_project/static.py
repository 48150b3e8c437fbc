"""Static files under names that change with their content."""

from __future__ import annotations

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ReleaseStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Each release looks names up in a list of its own.

    Releases share the folder, and during an upgrade or after the way back one may not
    meet the names of the other.
    """

    manifest_name = f"staticfiles-{settings.RELEASE}.json"
