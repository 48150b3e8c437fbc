"""nginx in front of everything that is measured: the stack's, with further servers.

All have the same workers, limits, compression and access log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.live.stack import Stack
from tests.live.stack.places import free_ports
from tests.live.waiting import wait_until

SERVER = """
server {{
    listen 127.0.0.1:{port} {tls} backlog=4096;
    include site/certificate.conf;
    location / {{{location}}}
}}
"""
PEER_HTTP = """
        proxy_pass http://{name};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    """
PEER_UPSTREAM = """
upstream {name} {{
    server unix:{socket};
    keepalive 64;
}}
"""
PEER_UWSGI = """
        uwsgi_pass unix:{socket};
        include {parameters};
    """
FILE = """
        root {folder};
        try_files /{name} =404;
        default_type application/json;
    """
# Trust the load generator as a load balancer that has received HTTPS.
TRUSTED = "set_real_ip_from 127.0.0.1;\n"


def peer_over_http(name: str, socket: Path, port: int) -> str:
    location = PEER_HTTP.format(name=name)
    upstream = PEER_UPSTREAM.format(name=name, socket=socket)
    return upstream + server(port, location)


def peer_over_uwsgi(socket: Path, port: int) -> str:
    parameters = "/etc/nginx/uwsgi_params"
    return server(port, PEER_UWSGI.format(socket=socket, parameters=parameters))


def file_alone(file: Path, port: int, *, tls: str = "") -> str:
    """Return a server that answers each request with the file: nginx does no less."""
    location = FILE.format(folder=file.parent, name=file.name)
    return server(port, location, tls=tls)


def server(port: int, location: str, *, tls: str = "") -> str:
    """Return a server; `tls` is "ssl" for one that speaks TLS."""
    return SERVER.format(port=port, location=location, tls=tls)


@contextmanager
def front(stack: Stack, *servers: str) -> Iterator[int]:
    """Add the servers to nginx; yield a port of the service without TLS."""
    port = free_ports(1)[0]
    site = stack.config / "site"
    added = {
        "listen": f"listen 127.0.0.1:{port} backlog=4096;\n",
        "proxies": TRUSTED,
        "limits": "".join(servers),
    }
    usual = {name: (site / f"{name}.conf").read_text() for name in added}
    try:
        for name, text in added.items():
            (site / f"{name}.conf").write_text(usual[name] + text)
        reload_nginx(stack)
        yield port
    finally:
        for name, text in usual.items():
            (site / f"{name}.conf").write_text(text)
        reload_nginx(stack)


def reload_nginx(stack: Stack) -> None:
    """Return when only workers are left that read the new configuration."""
    check_nginx(stack)
    master = psutil.Process(stack.pid("nginx"))
    old = master.children()
    stack.supervisor("signal", "HUP", "nginx")
    wait_until(
        lambda: master.children() and not any(each.is_running() for each in old),
        what="nginx has renewed its workers",
    )


def check_nginx(stack: Stack) -> None:
    """Raise RuntimeError with nginx's message if its configuration is invalid."""
    configuration = stack.config / "nginx.conf"
    done = stack.operate(
        "nginx", "-t", "-e", "stderr", "-p", stack.data, "-c", configuration
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
