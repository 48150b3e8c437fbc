"""Other ways to run the service, beside the deployment: one entry each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import front
from tests.live.stack import Stack
from tests.live.stack.places import free_ports
from tests.live.waiting import wait_until

# For its HTTP on a unix socket, uWSGI names the second address as the client.
PROXIES = "127.0.0.1,0.0.0.0"
PROGRAM = """
[program:{name}]
command={app}/deploy/start {run}/{name}.mark {app}/.venv/bin/uwsgi
    --ini {app}/deploy/uwsgi.ini {options}
environment=INSTANCE="{name}",WEB_PROCESSES="{workers}",TRUSTED_PROXIES="{proxies}"
directory={app}
user=%(ENV_RUN_USER)s
stopwaitsecs=40
killasgroup=true
redirect_stderr=true
stdout_logfile={data}/log/{name}.log
"""
HTTP_LOCATION = """
        proxy_pass http://unix:{socket};
        proxy_set_header Host $host$port_of_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $client_scheme;
        proxy_set_header X-Request-ID $request_name;
"""


@dataclass(frozen=True)
class Way:
    """An instance of uWSGI with further options; `protocol` is what nginx speaks.

    Without a protocol, clients connect to it directly.
    """

    options: str
    workers: int = 0  # as many as the deployment has
    protocol: str = ""


WAYS = {
    "one-process": Way("--http-socket={address} {close}", workers=1),
    "many-processes": Way("--http-socket={address} {close}"),
    "nginx-http": Way("--http-socket={socket}", protocol="http"),
    "nginx-fastcgi": Way("--fastcgi-socket={socket}", protocol="fastcgi"),
}


@dataclass
class Instance:
    """A way to run the service that the stack's supervisor runs as well."""

    stack: Stack
    name: str
    way: Way
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def socket(self) -> Path:
        return self.stack.data / "run" / f"{self.name}.further.sock"

    def program(self, workers: int) -> str:
        # uWSGI's HTTP socket closes each connection, and does not say so by itself.
        options = self.way.options.format(
            address=f"127.0.0.1:{self.port}",
            socket=self.socket,
            close='--add-header="Connection: close"',
        )
        return PROGRAM.format(
            name=self.name,
            app=self.stack.app,
            data=self.stack.data,
            run=self.stack.data / "run",
            options=options,
            proxies=PROXIES,
            workers=self.way.workers or workers,
        )

    def location(self) -> str:
        """Return what nginx does with a request; empty if clients connect directly."""
        if self.way.protocol == "fastcgi":
            text = (self.stack.app / "deploy" / "nginx" / "app.conf").read_text()
            passed = text.replace("pass $queue;", f"pass unix:{self.socket};")
            return passed.replace("uwsgi_", "fastcgi_")
        if self.way.protocol == "http":
            return HTTP_LOCATION.format(socket=self.socket)
        return ""


@contextmanager
def instances(stack: Stack, names: set[str]) -> Iterator[dict[str, Instance]]:
    """Let the supervisor run these ways as well."""
    found = {name: Instance(stack, name, WAYS[name]) for name in names}
    settings = stack.places.settings
    workers = int(settings["WEB_INSTANCES"]) * int(settings["WEB_PROCESSES"])
    program = stack.config / "supervisor" / "benchmarks.conf"
    text = "".join(each.program(workers) for each in found.values())
    program.write_text(text)
    try:
        stack.supervisor("update")
        for each in found.values():
            listening = stack.data / "run" / f"web-{each.name}.sock"
            wait_until(listening.is_socket, what=f"{each.name} has opened its socket")
        yield found
    finally:
        program.unlink()
        stack.supervisor("update")


def nginx_servers(ways: Mapping[str, Instance]) -> list[str]:
    """Return the servers of nginx for those that are behind it."""
    return [
        front.server(each.port, each.location())
        for each in ways.values()
        if each.way.protocol
    ]
