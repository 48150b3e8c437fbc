"""Storage of static files whose names contain a hash of their content."""

from __future__ import annotations

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ReleaseStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Static files with one manifest per release.

    Releases share the folder. During an upgrade, and after a rollback, each release
    must resolve names from its own manifest.
    """

    manifest_name = f"staticfiles-{settings.RELEASE}.json"
