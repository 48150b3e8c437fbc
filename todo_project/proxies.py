"""What wsgi.py tells the middleware about the proxy that sent the request.

It imports nothing, because wsgi.py needs it before the apps are loaded.
"""

from __future__ import annotations

BY_PROXY = "todo.by_proxy"  # in the WSGI variables: whether a trusted proxy sent it
