"""kill -9 at any line of the sequencer: the log stays whole, and each leaf gets one line.

The sequencer runs in a process of its own, which kills itself at the n-th line that it executes. Eight lines spread over
a run by default; sixty with SAFECONDUCT_LONG_TESTS=1.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.kernel.record.builders import NOW, decisions, leaves

from safeconduct.kernel.record import sequencer, store
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import engine_scope, query

POINTS = 60 if os.environ.get("SAFECONDUCT_LONG_TESTS") else 8
#: Told the number of a line, it forks a process that runs the sequencer up to there: starting Django once is enough.
_PROCESS = """
import os, signal, sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.RECORD_ORIGIN = "shop.example/record"
from safeconduct.kernel.record import sequencer
now, seen = datetime.fromisoformat(sys.argv[1]), 0
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
for told in sys.stdin:
    last = int(told)
    child = os.fork()
    if child == 0:
        sys.settrace(trace)
        while sequencer.sequence(60, now=now):
            pass
        sys.settrace(None)
        print(seen, flush=True)
        os._exit(0)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def sequencers() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _PROCESS, NOW.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def run(sequencers: subprocess.Popen[str], last: int) -> str:
    """Runs a sequencer that is killed at a line (0: never); returns what it and the end of it said."""
    assert sequencers.stdin is not None and sequencers.stdout is not None
    sequencers.stdin.write(f"{last}\n")
    sequencers.stdin.flush()
    said = ""
    for line in sequencers.stdout:
        said += line
        if line.startswith("ended"):
            break
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_sequencer_killed_at_any_line_leaves_one_line_for_each_leaf(sequencers: subprocess.Popen[str]) -> None:
    made = decisions(8)
    leaves(170)
    whole = run(sequencers, 0).split()
    assert whole[1:] == ["ended", "0"]
    total = int(whole[0])
    assert total > 1000
    first = 1_000
    for point in range(POINTS):
        leaves(170, first=first)
        first += 170
        ended = run(sequencers, 1 + total * point // POINTS).split()[-1]
        # The first run had the decisions too, so that the last points lie behind the last line of a later one.
        assert ended == "-9" or (ended == "0" and point * 10 >= POINTS * 9)
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
