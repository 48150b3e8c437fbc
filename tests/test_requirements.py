"""requirements.txt alone is enough to run the service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Import what each program imports, while hiding packages that only developers install.
IMPORT_ALL = """
import re, sys
from importlib.metadata import packages_distributions

locked = set(re.findall(r"^([a-z0-9-]+)==", open("requirements.txt").read(), re.M))
hidden = {
    module
    for module, packages in packages_distributions().items()
    if not {re.sub(r"[-_.]+", "-", name).lower() for name in packages} & locked
}

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is not locked", name=name)

sys.meta_path.insert(0, Hide())
import todo_project.wsgi
import celery.bin.beat, celery.bin.worker, kombu.transport.redis
import gunicorn.app.wsgiapp
from django.core.management import get_commands, load_command_class
for name, app in get_commands().items():
    load_command_class(app, name)
"""


def test_the_locked_packages_are_sufficient(tmp_path):
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", IMPORT_ALL],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
