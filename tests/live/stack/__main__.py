"""Run the full deployment for script/stack until it is stopped."""

from __future__ import annotations

import secrets
import signal
import sys

from tests.live.stack.stack import Stack

STOPPING = (signal.SIGINT, signal.SIGTERM)
TEXT = """
  {url}        the pages; the browser will ask about the certificate
  {url}/api/v1/docs
  {http_url}         leads there

  Sign in:      {name}, password {password}
  Certificate:  {certificate}
  A call:       curl --cacert {certificate} \\
                    -H "Authorization: Bearer {key}" {url}/api/v1/todos
  For operators, at {url}/readyz and /metrics: {token}
  Logs:         {logs}
  Processes:    supervisorctl -s {socket} status

  Ctrl-C stops it all and removes {folder}.
"""


def main() -> None:
    for number in STOPPING:
        signal.signal(number, interrupt)
    say("Starting PostgreSQL, Redis, nginx, two app servers, worker and beat …")
    try:
        with Stack() as stack:
            welcome(stack)
            signal.pause()
    except KeyboardInterrupt:
        say("Everything has stopped.")


def interrupt(*_: object) -> None:
    """Start to stop, and ignore further signals."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    say("Stopping …")
    raise KeyboardInterrupt


def welcome(stack: Stack) -> None:
    name, password = "ada", secrets.token_hex(8)
    stack.add_user(name, password, "administrator", "member")
    say(
        TEXT.format(
            url=stack.url,
            http_url=stack.http_url,
            name=name,
            password=password,
            key=stack.new_key(name),
            certificate=stack.certificate,
            token=stack.operator_token,
            logs=stack.data / "log",
            socket=stack.supervised.socket,
            folder=stack.folder,
        )
    )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


main()
