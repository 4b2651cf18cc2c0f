"""`coverage check` and `coverage simulate`, as a person and as a program use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.protections.transactions.coverage_history import ready, sold, text_of

from safeconduct.cli import coverage


def test_check_names_each_fault_with_line_and_column_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(text_of(), encoding="utf-8")
    bad.write_text(text_of().replace("kind: shipped", "kind: shiped", 1), encoding="utf-8")
    assert coverage.check([good], as_json=False) == 0
    assert "jd-like: 3 causes, 7 conditions, from 2020-01-01, no errors" in capsys.readouterr().out
    assert coverage.check([good, bad], as_json=True) == 1
    fine, wrong = json.loads(capsys.readouterr().out)
    assert fine["ok"]
    (finding,) = wrong["findings"]
    assert (finding["line"], finding["column"], finding["hint"]) == (29, 11, "did you mean `shipped`?")
    assert coverage.check([bad], as_json=False) == 1
    assert "bad.yaml:29:11: error: kind: `shiped` is not known here" in capsys.readouterr().out


def test_simulate_says_how_many_claims_and_how_much_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ready()
    sold("fraud", 120, lost="fraudulent")
    sold("missing", 300, placed=24, lost="product_not_received")
    file = tmp_path / "draft.yaml"
    file.write_text(text_of().replace("order: 250 USD", "order: 400 USD"), encoding="utf-8")
    assert coverage.simulate(file, since=None, until=None, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["orders"], told["more_claims"], told["more_minor"], told["changed"]) == (2, 0, 5_000, 1)
    assert told["before"]["causes"]["not_received"]["paid_minor"] == 25_000
    assert coverage.simulate(file, since=None, until=None, as_json=False) == 0
    assert "would have paid 2 claims (now 2), $50.00 more; orders that would stand otherwise: 1" in " ".join(
        capsys.readouterr().out.split()
    )


def test_simulate_refuses_a_template_that_does_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("template: x\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        coverage.simulate(file, since=None, until=None, as_json=False)
    assert ended.value.code == 1
    assert "`title`" in capsys.readouterr().err
