"""Whatever file a person gives by mistake, the command says what is wrong with it and goes wrong in no other way."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.commands import safeconduct
from tests.cli.test_commands import POLICY

from safeconduct.cli.rates import read_rates
from safeconduct.kernel.decisions.labels import read_csv

BINARY = bytes(range(256)) * 4
DEEP = b"[" * 100_000 + b"\n"
COMMANDS = [
    ["policy", "check"], ["policy", "explain"], ["policy", "test"], ["coverage", "check"], ["coverage", "simulate"],
    ["cases", "lint"], ["risk", "rba"], ["events", "import", "--dry-run"], ["events", "import", "--dry-run", "--mapping"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", ["binary", "deep", "empty"])
def test_a_wrong_file_is_named_with_the_way_out(command: list[str], kind: str, tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_bytes({"binary": BINARY, "deep": DEEP, "empty": b""}[kind])
    told = safeconduct(*command, str(file), *([str(file)] if "--mapping" in command else []))
    assert "Traceback" not in told.stderr, told.stderr[-800:]
    nothing_to_import = kind == "empty" and command == ["events", "import", "--dry-run"]
    assert told.returncode == 0 if nothing_to_import else told.returncode in (1, 2), told
    assert told.stdout + told.stderr


def test_of_several_policies_the_unreadable_one_is_named_and_the_others_are_checked(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("\ufeff" + POLICY, encoding="utf-8")
    (tmp_path / "latin.yaml").write_bytes(POLICY.replace("大", "grosse").replace("grande", "tamaño").encode("latin-1"))
    told = safeconduct("policy", "check", str(tmp_path / "latin.yaml"), str(tmp_path / "good.yaml"))
    assert told.returncode == 1 and "no errors" in told.stdout
    assert "latin.yaml is not text in UTF-8 (line 8" in told.stderr and "save it as UTF-8" in told.stderr


def test_the_way_out_of_an_empty_file_names_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    told = safeconduct("coverage", "check", str(tmp_path / "empty.yaml"))
    assert "a template begins with `template: its-name`" in told.stdout


def test_a_policy_is_told_only_in_languages_that_ship(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    told = safeconduct("policy", "explain", str(tmp_path / "policy.yaml"), "--language", "fr")
    assert told.returncode == 2 and "en, zh, es" in told.stderr and not told.stdout


def test_lines_of_history_that_are_no_event_are_refused_one_by_one(tmp_path: Path) -> None:
    lines = [b'{"id": NaN}', b'{"n": ' + b"9" * 5000 + b"}", b"[1]", b"null", b"\xff", b"[" * 100_000, b"{"]
    (tmp_path / "history.jsonl").write_bytes(b"\n".join(lines))
    told = safeconduct("events", "import", str(tmp_path / "history.jsonl"), "--dry-run", "--json")
    problems = [row["problem"] for row in json.loads(told.stdout)["problems"]]
    assert problems == [
        "not JSON: NaN is not a number of JSON", "not JSON: a number has too many digits",
        "a line is one JSON object, and this is none", "a line is one JSON object, and this is none",
        "not JSON: it is not UTF-8 at byte 0; save the file as UTF-8", "not JSON: it is nested too deeply to be read",
        "not JSON: column 2: Expecting property name enclosed in double quotes",
    ]  # fmt: skip


def test_a_table_of_rates_is_read_or_each_bad_row_is_named() -> None:
    rows, problems = read_rates("currency,day,rate\neur,2026-01-02,1.17\n", "ECB")
    assert [(row[0], row[2]) for row in rows] == [("EUR", Decimal("1.17"))] and not problems
    bad = "EURO,2026-01-02,1\nEUR,2026-02-30,1\nEUR,20260102,1\nEUR,2026-01-02\n"
    bad += "EUR,2026-01-02,NaN\nEUR,2026-01-02,1e40\nEUR,2026-01-02,-1\nEUR,2026-01-02,1e-30\n"
    rows, problems = read_rates("currency,day,rate\n" + bad, "ECB")
    assert not rows and [problem.split(":")[0] for problem in problems] == [f"row {n}" for n in range(2, 10)]
    assert read_rates("", "ECB")[1] == [
        "the first line must name the columns currency, day and rate; it has no currency, day, rate"
    ]
    assert "no CSV" in read_rates("currency,day,rate\n" + "x" * 200_000, "ECB")[1][0]


def test_labels_before_a_broken_line_are_read_and_the_line_is_named() -> None:
    rows, problems = read_csv("order,label\nord-1,fraud\n" + "x" * 200_000 + ",good\n")
    assert [order for order, _ in rows] == ["ord-1"] and "this is no CSV from here on" in problems[0]


@pytest.mark.parametrize("depth", [32, 500, 970, 985, 3000])
def test_a_line_nested_too_deeply_is_refused_alone(depth: int, tmp_path: Path) -> None:
    good = {
        "id": "deep", "source": "old", "type": "order.placed", "time": "2025-01-01T00:00:00Z",
        "data": {"order": "o", "seller": "s", "buyer": "b", "amount": {"minor": 1, "currency": "USD"}},
    }  # fmt: skip
    line = json.dumps({**good, "id": "bad"})[:-1] + ', "more": ' + "[" * depth + "]" * depth + "}"
    file = tmp_path / "history.jsonl"
    file.write_text(f"{json.dumps(good)}\n{line}\n")
    told = safeconduct("events", "import", str(file), "--json")
    assert "Traceback" not in told.stderr, told.stderr[-800:]
    read = json.loads(told.stdout)
    assert (read["read"], read["stored"] + read["duplicates"]) == (2, 1)
    assert [p["row"] for p in read["problems"]] == [2] and "nested" in read["problems"][0]["problem"]


TESTED = POLICY.replace(
    "    because: {en: big",
    "    tests:\n      - {name: far above, event: {amount: 200 USD}, expect: {fires: true}}\n    because: {en: big",
)


def test_tests_within_a_policy_are_run_as_those_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(POLICY)
    none = safeconduct("policy", "test", str(file))
    assert none.returncode == 1 and "there are no tests in" in none.stderr
    file.write_text(TESTED)
    told = safeconduct("policy", "test", str(file))
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "1 passed, 0 failed")
    (tmp_path / "p.tests.yaml").write_text(
        "tests:\n  - {name: far below, event: {amount: 1 USD}, expect: {action: review}}\n"
    )
    both = json.loads(safeconduct("policy", "test", str(file), "--json").stdout)
    assert (both["passed"], both["failed"]) == (1, 1)
    assert [(t["file"], bool(t["problems"])) for t in both["tests"]] == [("p.yaml", False), ("p.tests.yaml", True)]


def test_two_policies_are_compared_by_what_they_say(tmp_path: Path) -> None:
    old, same, new = tmp_path / "old.yaml", tmp_path / "same.yaml", tmp_path / "new.yaml"
    old.write_text(POLICY)
    same.write_text(POLICY.replace("amount > money", "amount   >  money") + "# a comment\n")
    new.write_text(POLICY.replace("100 USD", "150 USD"))
    assert safeconduct("policy", "diff", str(old), str(same)).stdout == "0 changes\n"
    told = safeconduct("policy", "diff", str(old), str(new))
    assert told.stdout.splitlines() == [
        "rule big, when: changed", "  - amount > money('100 USD')", "  + amount > money('150 USD')", "1 change",
    ]  # fmt: skip
    (change,) = json.loads(safeconduct("policy", "diff", str(old), str(new), "--json").stdout)
    assert (change["subject"], change["name"], change["aspect"]) == ("rule", "big", "when")
    new.write_text(POLICY.replace("amount >", "amont >"))
    wrong = safeconduct("policy", "diff", str(old), str(new))
    assert wrong.returncode == 1 and "did you mean `amount`?" in wrong.stderr


def test_history_of_the_future_is_refused_because_all_that_happens_would_come_after_it(tmp_path: Path) -> None:
    line = {
        "id": "x",
        "source": "old",
        "type": "session.failed",
        "time": "2062-06-01T00:00:00Z",
        "data": {"seller": "s"},
    }
    file = tmp_path / "history.jsonl"
    file.write_text(json.dumps(line) + "\n")
    for options in ((), ("--dry-run",)):
        told = json.loads(safeconduct("events", "import", str(file), "--json", *options).stdout)
        assert [(p["row"], p["field"]) for p in told["problems"]] == [(1, "time")]


@pytest.mark.parametrize("headers", [[], [["stripe-signature", "t=1"]], "t=1", 5])
def test_a_saved_body_whose_headers_are_none_is_named(headers: object, tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps({"headers": headers, "body": "{}"}))
    told = safeconduct("connectors", "replay", "stripe", str(file), "--unsigned")
    assert told.returncode == 2 and "Traceback" not in told.stderr
    assert "saved.json:`headers`isanobjectofnamesandtexts" in "".join(told.stderr.split())


def test_a_saved_body_with_half_of_a_letter_is_kept_and_refused_as_no_text(tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps({"headers": None, "body": '{"id": "\ud83d"}'}))
    told = safeconduct("connectors", "replay", "stripe", str(file), "--unsigned", "--json")
    assert told.returncode == 1, told.stderr
    read = json.loads(told.stdout)
    assert (read["stored"], read["refused"]) == (1, 1)
    assert "not UTF-8" in read["files"][0]["refused"][0]["problem"]


def test_a_row_that_a_mapping_cannot_read_names_its_column(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "connector: old\nbody: csv\nrules:\n  - emit: refund.created\n    id: row.id\n    time: row.at\n"
        "    data: {order: row.id, seller: row.id, amount: {money_decimal: row.total, currency: row.currency}}\n"
    )
    file = tmp_path / "refunds.csv"
    file.write_text("id,at,total,currency\n1,2025-01-01T00:00:00Z,ten,USD\n")
    told = safeconduct("events", "import", str(file), "--mapping", str(mapping), "--dry-run", "--json")
    [found] = json.loads(told.stdout)["problems"]
    assert (found["row"], found["field"]) == (2, "total, currency") and found["problem"].startswith("`ten` is not")
