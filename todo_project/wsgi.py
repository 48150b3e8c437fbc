"""The entry point of WSGI servers (PEP 3333)."""

from __future__ import annotations

import os
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")


class TolerantRequest(WSGIRequest):
    """A request whose media type may be nonsense: then it has none.

    Django fails over one before any handler of errors is there.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except ValueError:
            meta["CONTENT_TYPE"] = ""
            self.content_type, self.content_params = "", {}


application = get_wsgi_application()
application.request_class = TolerantRequest
