"""A web process is ready before it is asked anything."""

from __future__ import annotations

import os
import subprocess
import sys

import tests.django_world as world

FIRST_REQUEST = """
import sys
from wsgiref.util import setup_testing_defaults
from safeconduct.config.wsgi import application

known = set(sys.modules)
for path in ("/healthz", "/portal/", "/console/", "/v1/decisions"):
    request = {"PATH_INFO": path, "HTTP_HOST": "127.0.0.1", "wsgi.file_wrapper": None}
    setup_testing_defaults(request)
    answered = []
    b"".join(application(request, lambda status, headers: answered.append(status)))
    assert answered and answered[0][:3] in ("200", "302", "401"), (path, answered)
print(sorted(name for name in set(sys.modules) - known if name.startswith("safeconduct.")))
"""


def asked(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", FIRST_REQUEST]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, timeout=120)


def test_nothing_of_ours_is_imported_while_somebody_waits() -> None:
    assert world
    done = asked()
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stdout + done.stderr


def test_without_a_database_it_begins_all_the_same() -> None:
    nowhere = "postgresql://safeconduct@127.0.0.1:9/nothing"
    code = "import safeconduct.config.wsgi"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
        env=os.environ | {"SAFECONDUCT_DATABASE_URL": nowhere},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "begins without what the database has" in done.stderr


def test_a_worker_that_is_told_to_end_while_it_loads_ends() -> None:
    code = (
        "import signal; signal.signal(signal.SIGTERM, lambda *_: None); import safeconduct.config.wsgi;"
        " print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    )
    environment = os.environ | {"SAFECONDUCT_WORKER_OF_SERVER": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout.strip() == "True", done.stderr
