"""A SeaweedFS server with its S3 gateway, on private ports."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self
from uuid import uuid4

from files.stores.s3 import S3Store, failures
from tests.live.stack.places import free_ports
from tests.live.waiting import wait_until

KEYS = {"access_key": "todo", "secret_key": "a secret of the tests"}
IDENTITIES = {
    "identities": [
        {
            "name": "todo",
            "credentials": [
                {"accessKey": KEYS["access_key"], "secretKey": KEYS["secret_key"]}
            ],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}


PARTS = ("master", "volume", "filer", "s3")


class S3Server:
    """The server; `new_bucket` returns the options of an empty store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        config = self.folder / "s3.json"
        config.write_text(json.dumps(IDENTITIES))
        ports = free_ports(2 * len(PARTS))
        self.endpoint = f"http://127.0.0.1:{ports[PARTS.index('s3')]}"
        options = {"ip": "127.0.0.1", "dir": str(self.folder), "s3.config": str(config)}
        options |= {"s3.port.iceberg": "0", "s3.port.lance": "0", "volume.max": "50"}
        for number, part in enumerate(PARTS):
            options[f"{part}.port"] = str(ports[number])
            options[f"{part}.port.grpc"] = str(ports[number + len(PARTS)])
        program = str(Path(sys.executable).with_name("weed"))
        command = [
            program,
            "server",
            "-s3",
        ]
        command += [f"-{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  (our own arguments)
        wait_until(self._answers, what="the S3 server answers")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_bucket(self) -> dict[str, str]:
        bucket = f"todo-{uuid4().hex[:12]}"
        options = {"bucket": bucket, "endpoint": self.endpoint, "region": "us-east-1"}
        with failures():
            S3Store(**options, **KEYS).client.create_bucket(Bucket=bucket)
        return options | KEYS

    def _answers(self) -> bool:
        try:
            self.new_bucket()
        except OSError:
            return False
        return True
