"""Line 1 and the last of a million, proved to a seller who has one file and no network. Minutes; only when asked for:

SAFECONDUCT_LONG_TESTS=1 .venv/bin/python -m pytest tests/kernel/record/test_a_million_lines.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.kernel.record.builders import NOW, decisions, leaves
from tests.kernel.record.test_offline import PROVED, REFUSED, run

from safeconduct.kernel.record import keys, proving, sequencer
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import engine_scope

LINES = 1_000_000


@pytest.mark.skipif(not os.environ.get("SAFECONDUCT_LONG_TESTS"), reason="takes minutes; set SAFECONDUCT_LONG_TESTS=1")
def test_the_first_line_and_the_last_of_a_million_are_proved_offline(tmp_path: Path) -> None:
    first, *_ = decisions(8)
    sequencer.sequence(now=NOW)
    with engine_scope():
        before = proving.proof_of_entry(0)["size"]
    leaves(LINES - before)
    while sequencer.sequence(now=NOW):
        pass
    with engine_scope():
        key = str(keys.chain()[0].verifier)
        begin, end = proving.proof_of_entry(0), proving.proof_of("note", f"sub-{LINES - before - 1}")
        decision = proving.proof_of("decision", first)
    assert end is not None and decision is not None
    for proof, index in ((begin, 0), (end, LINES - 1), (decision, decision["index"])):
        assert (proof["index"], proof["size"]) == (index, LINES) and len(proof["path"]) <= 20
        code, said = run(tmp_path, proof, "--key", key)
        assert code == PROVED and f"Line {index} of {LINES}" in said, said
    begin["path"], end["path"] = end["path"], begin["path"]
    for proof in (begin, end):
        assert run(tmp_path, proof, "--key", key)[0] == REFUSED
    assert verify().ok
