"""Stores for the tests: a folder, and a real S3-compatible server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.files.s3_server import S3Server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def use_local_store(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | local_store(tmp_path / "files")


def local_store(folder: Path) -> dict[str, Any]:
    options = {"location": folder}
    store = {"BACKEND": "files.stores.local.LocalStore", "OPTIONS": options}
    return {"files": store}


@pytest.fixture
def use_s3_store(settings: Any, s3_server: S3Server) -> None:
    settings.STORAGES = settings.STORAGES | {
        "files": {
            "BACKEND": "files.stores.s3.S3Store",
            "OPTIONS": s3_server.new_bucket(),
        }
    }


@pytest.fixture(params=["local", "s3"])
def each_store(request: pytest.FixtureRequest) -> str:
    """Run the test with each kind of store."""
    request.getfixturevalue(f"use_{request.param}_store")
    return str(request.param)
