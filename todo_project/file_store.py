"""The file store that the environment chooses: a local folder, or S3-compatible."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def file_store(folder: Path, **s3: str) -> dict[str, Any]:
    """Return the entry of STORAGES; without a bucket, a store in the folder."""
    if not s3["bucket"]:
        options = {"location": folder}
        return {"BACKEND": "files.stores.local.LocalStore", "OPTIONS": options}
    if find_spec("boto3") is None:
        raise ImproperlyConfigured(
            "S3_BUCKET needs boto3: pip install 'boto3>=1.44,<2'."
        )
    return {"BACKEND": "files.stores.s3.S3Store", "OPTIONS": s3}
