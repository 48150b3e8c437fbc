"""Request headers that try to change the server's mount point."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "gunicorn.conf.py"


@pytest.mark.parametrize("header", ["SCRIPT_NAME: /api", "PATH_INFO: /api/v1/me"])
def test_a_client_cannot_set_the_mount_point(header, monkeypatch, tmp_path):
    monkeypatch.setenv("HTTP", "127.0.0.1:8000")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    config = Config()
    for name, value in runpy.run_path(str(CONFIGURATION)).items():
        if name in config.settings:
            config.set(name, value)
    address = ("127.0.0.1", 50000)
    text = f"GET /livez HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode()
    request = next(RequestParser(config, iter([text]), address))
    environ = wsgi.create(request, None, address, ("127.0.0.1", 80), config)[1]
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"] == "/livez"
