"""The WSGI application, one in each worker of the server."""

from __future__ import annotations

import os
import signal
from typing import Any

from django.core.wsgi import get_wsgi_application

from safeconduct.config.bodies import WholeBodies
from safeconduct.foundation.processes import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")

if os.environ.get("SAFECONDUCT_WORKER_OF_SERVER"):
    # A worker is a fork, and has its server's handlers until it serves: that it is told to end while it loads would be
    # heard by nobody, and its end waited for for ever.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    # After kill -9 of the server its workers would live on and keep the port.
    die_with_parent(with_signal=signal.SIGKILL)

_pages = get_wsgi_application()

# What settings name can be read only now.
from django.conf import settings  # noqa: E402

from safeconduct.config.rates import network_of  # noqa: E402
from safeconduct.config.security_log import told_too_much_at_once  # noqa: E402
from safeconduct.config.shares import Client, Places, Turns, client_of, threads_for  # noqa: E402
from safeconduct.config.warming import warm_up  # noqa: E402

warm_up()
_threads = threads_for(settings.AT_ONCE)


def _client(environ: dict[str, Any]) -> Client:
    return client_of(environ, settings.SESSION_COOKIE_NAME, network_of, settings.ALLAUTH_TRUSTED_PROXY_COUNT)


_bodies = WholeBodies(
    Turns(_pages),
    None if settings.ALLAUTH_TRUSTED_PROXY_COUNT else network_of,
    at_once=_threads * 3 // 4,
    of_a_network=_threads // 4,
)
application = Places(_bodies, settings.AT_ONCE, _client, told_too_much_at_once)
