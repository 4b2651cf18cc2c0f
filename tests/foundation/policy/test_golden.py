"""Every wrong policy in `golden/` is refused with exactly the text beside it.

Set GOLDEN_WRITE=1 to write the texts anew, and read the difference before believing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from policy_shop import SHOP

from safeconduct.foundation.policy.reader import read_policy

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_policy_is_explained_like_this(case: str) -> None:
    text = (GOLDEN / f"{case}.yaml").read_bytes().decode()
    reading = read_policy(text, SHOP, file=f"{case}.yaml")
    expected = GOLDEN / f"{case}.txt"
    if os.environ.get("GOLDEN_WRITE"):
        expected.write_text(reading.render())
    assert reading.render() == expected.read_text()
    assert (reading.policy is None) == bool(reading.errors)
    assert bool(reading.errors) != case.startswith("warnings_")


def test_there_are_at_least_forty_wrong_policies() -> None:
    assert len(CASES) >= 40
