"""Storage of static files whose names contain a hash of their content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ReleaseStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Static files with one manifest per release.

    Releases share the folder. During an upgrade, and after a rollback, each release
    must resolve names from its own manifest.
    """

    manifest_name = f"staticfiles-{settings.RELEASE}.json"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._known: dict[tuple[str, str], str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """Return the URL of a file; pages contain dozens of them."""
        if settings.DEBUG and not force:
            return super().url(name, force)  # type: ignore[no-any-return]
        key = (self.base_url, name)
        if key not in self._known:
            self._known[key] = super().url(name, force)
        return self._known[key]
