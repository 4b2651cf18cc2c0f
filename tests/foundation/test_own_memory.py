"""A process that holds keys keeps its memory to itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

_ASK = """
import ctypes
from safeconduct.foundation.processes import keep_memory_to_itself
dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
before = dumpable()
keep_memory_to_itself()
print(before, dumpable())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word is asked")
def test_nobody_else_may_trace_it_or_read_its_memory_from_then_on() -> None:
    out = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["1", "0"]
