"""kill -9 at any line of the sequencer: the log stays whole, and each leaf gets one line.

The sequencer runs in a process of its own, which kills itself at the n-th line that it executes. Eight lines spread over
a run by default; sixty with SAFECONDUCT_LONG_TESTS=1.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.kernel.record.builders import NOW, decisions, leaves

from safeconduct.kernel.record import sequencer, store
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import engine_scope, query

POINTS = 60 if os.environ.get("SAFECONDUCT_LONG_TESTS") else 8
_PROCESS = """
import os, signal, sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.RECORD_ORIGIN = "shop.example/record"
from safeconduct.kernel.record import sequencer
now, last, seen = datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]), 0
def lines(frame, event, argument):
    global seen
    if event == "line":
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)
    return lines
def trace(frame, event, argument):
    name = frame.f_code.co_filename
    return lines if "/kernel/record/" in name or name.endswith("/kernel/scope.py") else None
sys.settrace(trace)
while sequencer.sequence(60, now=now):
    pass
sys.settrace(None)
print(seen)
"""


def run(last: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PROCESS, NOW.isoformat(), str(last)], capture_output=True, text=True, timeout=120
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_sequencer_killed_at_any_line_leaves_one_line_for_each_leaf() -> None:
    made = decisions(8)
    leaves(170)
    whole = run(0)
    assert whole.returncode == 0, whole.stderr
    total = int(whole.stdout)
    assert total > 1000
    first = 1_000
    for point in range(POINTS):
        leaves(170, first=first)
        first += 170
        killed = run(1 + total * point // POINTS)
        assert killed.returncode == -9, killed.stderr
        report = verify()
        assert report.ok, report.findings
        while sequencer.sequence(60, now=NOW):
            pass
        report = verify()
        assert report.ok, report.findings
    with engine_scope():
        assert all(len(store.entries_about(key)) == 1 for key in made)
        assert query("SELECT count(*), count(DISTINCT subject) FROM record_entry WHERE kind = 'note'").fetchone() == (
            170 * (1 + POINTS),
            170 * (1 + POINTS),
        )
