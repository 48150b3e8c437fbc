"""Run the commands of docs/deploy.md for containers, exactly as written."""

from __future__ import annotations

import re
import shlex
import subprocess

from tests.drill.parts import ROOT, SERVICES, Engine

LASTING = ("web-0", "web-1", "web-files", "nginx", "worker", "beat")


def commands(beginning: str) -> list[str]:
    """Return the commands of the one block that begins so, each on a line."""
    guide = (ROOT / "docs/deploy.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if block.startswith(beginning)]
    return re.sub(r"\\\n *", "", block).splitlines()


class Compose:
    """What the guide asks of `docker compose`, done by an engine of the drill.

    `names` are put in the place of those that the guide gives as examples.
    """

    def __init__(self, engine: Engine, names: dict[str, str]) -> None:
        self.engine, self.names = engine, names

    def run(self, line: str) -> str:
        """Run one command and return what it printed; it has to succeed."""
        for example, name in self.names.items():
            line = line.replace(example, name)
        words = shlex.split(line.replace("$PWD", str(self.engine.folder)))
        if words[:2] != ["docker", "compose"]:
            return self._run_here(words)
        verbs = {
            "exec": self._exec, "run": self._run, "stop": self._stop, "up": self._up,
        }  # fmt: skip
        return verbs[words[2]](words[3:])

    def _run_here(self, words: list[str]) -> str:
        return subprocess.run(  # noqa: S603
            words, cwd=self.engine.folder, check=True, capture_output=True, text=True
        ).stdout

    def _exec(self, words: list[str]) -> str:
        name, *command = [word for word in words if word != "-T"]
        if name == "postgres":  # which this machine runs, as the same user
            user, place = SERVICES[name]["user"], self.engine.folder / "postgresql"
            return self._run_here(
                ["runuser", "-u", user, "--", "env", f"PGHOST={place}", *command]
            )
        return self.engine.run(name, *command)

    def _run(self, words: list[str]) -> str:
        volumes: list[str] = []
        while words[0].startswith("--"):
            option, *words = words
            if option == "--volume":
                volumes.append(words.pop(0))
        name, *command = words
        return self.engine.run(name, *command, volumes=volumes)

    def _stop(self, words: list[str]) -> str:
        for name in words:
            assert self.engine.stop(name) == 0, name
        return ""

    def _up(self, _: list[str]) -> str:
        self.engine.run("migrate")
        gone = [name for name in LASTING if name not in self.engine.parts]
        for name in gone:
            self.engine.start(name)
        for name in gone:
            self.engine.await_well(name)
        return ""
