"""The file store that the environment chooses: a local folder, or S3-compatible."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from todo_project.env import env_str


def file_store(folder: Path) -> dict[str, Any]:
    """Return the entry of STORAGES; without S3_BUCKET, a store in the folder."""
    bucket = env_str("S3_BUCKET")
    if not bucket:
        options: dict[str, object] = {"location": folder}
        return {"BACKEND": "files.stores.local.LocalStore", "OPTIONS": options}
    if find_spec("boto3") is None:
        raise ImproperlyConfigured(
            "S3_BUCKET needs boto3: pip install 'boto3>=1.44,<2'."
        )
    options = {
        "bucket": bucket,
        "endpoint": env_str("S3_ENDPOINT"),
        "region": env_str("S3_REGION"),
        "access_key": env_str("S3_ACCESS_KEY"),
        "secret_key": env_str("S3_SECRET_KEY"),
    }
    return {"BACKEND": "files.stores.s3.S3Store", "OPTIONS": options}
