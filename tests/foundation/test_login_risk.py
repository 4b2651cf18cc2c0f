"""How unusual a sign-in is, held to the scores of the published reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeconduct.foundation.login_risk import History

HOME = [("10.0.0.1", "AS1", "CL"), ("Firefox 140 / macOS", "Firefox 140", "macOS", "desktop")]
ABROAD = [("10.9.9.9", "AS9", "NL"), ("Chrome 1 / Linux", "Chrome 1", "Linux", "desktop")]


def _shop() -> History:
    history = History()
    for number in range(30):
        history.learn("ana", HOME)
        history.learn(f"other-{number}", [(f"10.1.0.{number}", "AS2", "CL"), HOME[1]])
    return history


def test_a_stranger_with_the_password_looks_less_like_ana_than_ana() -> None:
    history = _shop()
    own, strange = history.score("ana", HOME), history.score("ana", ABROAD)
    assert own is not None and strange is not None
    assert strange > 20 * own


def test_a_first_sign_in_has_nothing_to_be_compared_with() -> None:
    assert _shop().score("nobody", HOME) is None


def test_what_has_become_a_habit_is_unusual_no_more() -> None:
    history = _shop()
    before = history.score("ana", ABROAD)
    for _ in range(10):
        history.learn("ana", ABROAD)
    after = history.score("ana", ABROAD)
    assert before is not None and after is not None and after < before


def test_the_score_is_that_of_the_reference(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safeconduct.cli.risk import rba

    rba(shared_data / "security" / "rba_reference_oracle.json", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["compared"] == told["cases"] >= 90
    assert told["max_relative_error"] <= 1e-12


def test_a_file_that_points_at_a_row_that_is_not_there_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safeconduct.cli.risk import rba

    file = tmp_path / "sign-ins.json"
    file.write_text(
        json.dumps({
            "columns": ["who", "ip"], "weights": {"ip": {"ip": 1.0}}, "rows": [["ana", "10.0.0.1"]],
            "cases": [{"user": "ana", "history_rows": [0], "attempt_row": -1}],
        })
    )  # fmt: skip
    with pytest.raises(SystemExit):
        rba(file, as_json=True)
    assert "no row -1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        {"weights": ["ip"]}, {"weights": {"ip": 1}}, {"weights": {"ip": {"nothing": 1}}}, {"rows": [1]}, {"rows": 1},
        {"rows": [[{}, []]]}, {"cases": [1]}, {"cases": {}}, {"num_users": "many"}, {"columns": [[1]]},
        {"cases": [{"user": "ana", "history_rows": [0], "attempt_row": 0, "score": "high"}]},
    ],
)  # fmt: skip
def test_a_file_of_another_shape_is_told_where_the_shape_is_described(
    change: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safeconduct.cli.risk import rba

    sound = {
        "columns": ["who", "ip"], "weights": {"ip": {"ip": 1.0}}, "rows": [["ana", "10.0.0.1"]],
        "cases": [{"user": "ana", "history_rows": [0], "attempt_row": 0}],
    }  # fmt: skip
    file = tmp_path / "sign-ins.json"
    file.write_text(json.dumps({**sound, **change}))
    if "cases" in change and change["cases"] == {}:
        assert rba(file, as_json=True) == 0  # nothing to score
        return
    with pytest.raises(SystemExit):
        rba(file, as_json=True)
    assert "docs/account-risk.md" in capsys.readouterr().err


def test_a_case_without_history_has_no_score_and_is_compared_with_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safeconduct.cli.risk import rba

    file = tmp_path / "sign-ins.json"
    case = {"user": "ana", "history_rows": [], "attempt_row": 0, "score": 4.0}
    rows = {"columns": ["who", "ip"], "weights": {"ip": {"ip": 1.0}}, "rows": [["ana", "10.0.0.1"]]}
    file.write_text(json.dumps({**rows, "cases": [case]}))
    rba(file, as_json=True)
    told = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert (told["compared"], told["without_history"], told["max_relative_error"]) == (0, 1, None)
