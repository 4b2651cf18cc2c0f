"""The command, as a person and as a program use it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.commands import safeconduct, started
from typer.testing import CliRunner

from safeconduct.cli.main import app
from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.decisions.models import Label, WatchList
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import staff_scope

POLICY = """\
policy: order-risk
on: order.placed
in: USD
rules:
  big:
    when: amount > money('100 USD')
    then: review
    because: {en: big, zh: 大, es: grande}
"""


@pytest.mark.parametrize(
    "command",
    [["doctor", "--json"], ["ledger", "check"], ["ledger", "statement", "shop-18"], ["vault"], ["keys", "eat"]],
    ids=" ".join,
)
def test_a_command_that_is_forked_does_what_one_does_that_is_started(command: list[str]) -> None:
    forked, real = safeconduct(*command), started(*command)
    assert (forked.returncode, forked.stderr) == (real.returncode, real.stderr)
    # Of one moment and the next the doctor says how many milliseconds, and how much of the disk is free.
    numbers = re.compile(r"[\d.]+ ")
    assert numbers.sub("", forked.stdout) == numbers.sub("", real.stdout)


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; import safeconduct.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"django", "duckdb", "psycopg", "sqlglot", "lightgbm", "babel"} & set(loaded)


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that can be called, by its words."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_and_says_what_each_option_is_for(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert "Example: " in shown.output
    silent = [option.name for option in COMMANDS[command].params if not getattr(option, "help", "")]
    assert not silent


@pytest.mark.parametrize("file", sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")]), ids=lambda file: file.name)
def test_every_command_that_a_document_shows_is_there_with_its_options(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    spans = re.findall(r"`(?:[A-Z_]+=\S+ )*safeconduct ([a-z-][^`]*)`", text)
    lines = re.findall(r"^ *(?:KEY=\$\()?(?:\.venv/bin/)?safeconduct ([a-z-][^#|&\n]*)", text, re.MULTILINE)
    for shown in (*spans, *lines):
        words = [word for word in shown.split() if word not in ("--demo", "--help")]
        path = max((one for one in _beginnings(words) if one in COMMANDS), key=len, default=None)
        if path is None:  # a group, such as `safeconduct policy`
            assert not words or any(one[: len(words)] == tuple(words) for one in COMMANDS), shown
            continue
        known = {name for option in COMMANDS[path].params for name in (*option.opts, *option.secondary_opts)}
        given = {match for word in words[len(path) :] for match in re.findall(r"^\[?(--[a-z-]+)", word)}
        assert given <= known, shown


def _beginnings(words: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(word.strip(",.;:)") for word in words[:length]) for length in range(1, 4))


def test_doctor_finds_a_sound_installation_sound() -> None:
    done = started("doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"]
    assert {c["check"] for c in found["checks"]} >= {
        "database", "migrations", "queue", "disk", "clock", "ip data", "passwords",
    }  # fmt: skip


def test_doctor_says_how_to_mend_a_database_that_does_not_answer() -> None:
    done = safeconduct("doctor", "--json", SAFECONDUCT_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    wrong = [c for c in json.loads(done.stdout)["checks"] if not c["ok"]]
    assert wrong
    assert all(c["mend"] for c in wrong)


def test_production_refuses_unsafe_settings_and_names_each() -> None:
    done = safeconduct(
        "doctor", "--json", SAFECONDUCT_MODE="production", SAFECONDUCT_DATABASE_URL="", SAFECONDUCT_HOSTS=""
    )
    settings = json.loads(done.stdout)["checks"][0]
    assert not settings["ok"]
    for name in ("SAFECONDUCT_DATABASE_URL", "SAFECONDUCT_HOSTS", "SAFECONDUCT_ORIGINS", "SAFECONDUCT_EMAIL_URL"):
        assert name in settings["mend"]


def test_checking_a_policy_shows_line_column_and_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(POLICY.replace("amount >", "amonut >"))
    done = safeconduct("policy", "check", str(file))
    assert done.returncode == 1
    assert f"{file}:6:11" in done.stdout
    assert "amount" in done.stdout


def test_checking_a_policy_checks_the_tests_within_it(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(POLICY + "tests:\n  - {name: one, event: {amonut: 5 USD}, expect: {action: review}}\n")
    line = len(POLICY.splitlines()) + 2
    done = safeconduct("policy", "check", str(file))
    assert done.returncode == 1
    assert f"{file}:{line}:25: error: `order.placed` has no field `amonut`" in done.stdout
    (found,) = json.loads(safeconduct("policy", "check", str(file), "--json").stdout)
    assert not found["ok"] and (found["diagnostics"][0]["line"], found["diagnostics"][0]["column"]) == (line, 25)
    file.write_text(file.read_text().replace("amonut", "amount"))
    assert safeconduct("policy", "check", str(file)).returncode == 0


def test_tests_alone_are_not_taken_for_a_policy_and_the_way_out_is_named(tmp_path: Path) -> None:
    file = tmp_path / "p.more.tests.yaml"
    file.write_text("tests:\n  - {name: one, event: {amount: 5 USD}, expect: {action: allow}}\n")
    done = safeconduct("policy", "test", str(file))
    assert done.returncode == 2
    assert f"{file} has tests and no policy" in done.stderr
    assert f"safeconduct policy test {tmp_path / 'p.yaml'}" in done.stderr, "a command to copy, in one piece"
    (tmp_path / "p.yaml").write_text(POLICY)
    assert "1 passed" in safeconduct("policy", "test", str(tmp_path / "p.yaml")).stdout


def test_publishing_needs_two_people(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(POLICY)
    for email, role in (("a@example.org", "lead"), ("b@example.org", "lead")):
        assert safeconduct("people", "invite", email, "--role", role).returncode == 0
    alone = safeconduct("policy", "publish", str(file), "--author", "a@example.org", "--approver", "a@example.org")
    assert alone.returncode == 1
    assert "second person" in alone.stderr
    both = safeconduct(
        "policy", "publish", str(file), "--author", "a@example.org", "--approver", "b@example.org", "--json"
    )
    assert json.loads(both.stdout)["state"] == "live"


def test_a_shipped_policy_is_published_with_the_lists_that_it_asks(tmp_path: Path) -> None:
    for email in ("c@example.org", "d@example.org"):
        assert safeconduct("people", "invite", email, "--role", "lead").returncode == 0
    asks = (
        "allow: {buyer: trusted-buyers}\nrules:\n  denied:\n    when: in_list('denied-cards', card)\n    then: block\n"
    )
    text = POLICY.replace("rules:\n", asks + "    because: {en: denied, zh: 禁, es: denegada}\n", 1)
    file = tmp_path / "p.yaml"
    both = ("--author", "c@example.org", "--approver", "d@example.org", "--json")
    file.write_text(text.replace("denied-cards", "odd-cards"))
    refused = safeconduct("policy", "publish", str(file), *both)
    assert refused.returncode == 1 and "there is no list `odd-cards`" in refused.stderr
    assert "p.yaml:7" in refused.stderr.replace("\n", "")
    with staff_scope():
        assert not WatchList.objects.exists()
    file.write_text(text)
    told = json.loads(safeconduct("policy", "publish", str(file), *both).stdout)
    assert (told["state"], told["lists_made"]) == ("live", ["trusted-buyers", "denied-cards"])
    with staff_scope():
        assert WatchList.objects.get(name="denied-cards").kind == "deny"


def test_history_is_imported_once_and_a_bad_row_is_named(tmp_path: Path) -> None:
    good = {
        "id": "h1", "source": "old", "type": "order.placed", "time": "2025-01-01T00:00:00Z",
        "data": {"order": "o", "seller": "s", "buyer": "b", "amount": {"minor": 1, "currency": "USD"}},
    }  # fmt: skip
    file = tmp_path / "history.jsonl"
    file.write_text("\n".join(json.dumps(e) for e in (good, {**good, "id": "h2", "data": {}})) + "\nnot json\n")
    first = safeconduct("events", "import", str(file), "--json")
    assert first.returncode == 1
    told = json.loads(first.stdout)
    assert (told["read"], told["stored"]) == (3, 1)
    assert [(p["row"], p["field"]) for p in told["problems"]] == [(2, "data.order"), (3, "")]
    assert json.loads(safeconduct("events", "import", str(file), "--json").stdout)["duplicates"] == 1


def test_help_is_answered_without_loading_what_is_heavy() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "safeconduct", "--help"], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}
    assert "safeconduct" in loaded
    assert loaded & {"django", "psycopg", "sqlglot", "duckdb", "numpy", "pandas", "cryptography", "httpx"} == set()


def test_saved_bodies_of_stripe_all_become_events_and_a_second_run_stores_nothing_new(tmp_path: Path) -> None:
    payloads = sorted((Path(__file__).parents[1] / "connectors" / "payloads" / "stripe").glob("*.json"))
    assert payloads
    first = json.loads(
        safeconduct("connectors", "replay", "stripe", *map(str, payloads), "--unsigned", "--json").stdout
    )
    assert first["received"] == first["stored"] == len(payloads)
    assert first["canonical"] >= len(payloads) - first["unknown"]
    again = json.loads(
        safeconduct("connectors", "replay", "stripe", *map(str, payloads), "--unsigned", "--json").stdout
    )
    assert again["duplicates"] == len(payloads)


def test_a_body_without_a_signature_is_refused_where_one_is_demanded(tmp_path: Path) -> None:
    body = tmp_path / "b.json"
    body.write_text('{"id": "evt_1", "type": "charge.succeeded"}')
    done = safeconduct("connectors", "replay", "stripe", str(body), "--json", SAFECONDUCT_CONNECTOR_SECRETS="stripe=s")
    assert done.returncode == 1
    assert json.loads(done.stdout)["signatures_refused"] == 1


def test_labels_come_in_by_csv_and_an_unknown_order_is_named(tmp_path: Path) -> None:
    order = {
        "id": "l1", "source": "old", "type": "order.placed", "time": "2025-01-01T00:00:00Z",
        "data": {"order": "ord-7", "seller": "s", "buyer": "b", "amount": {"minor": 1, "currency": "USD"}},
    }  # fmt: skip
    history, labels = tmp_path / "h.jsonl", tmp_path / "labels.csv"
    history.write_text(json.dumps(order))
    labels.write_text("order,label\nord-7,fraud\nord-8,fraud\nord-7,nonsense\n")
    safeconduct("events", "import", str(history))
    told = json.loads(safeconduct("labels", "import", str(labels), "--json").stdout)
    assert (told["read"], told["new"], len(told["problems"])) == (2, 1, 2)
    back_again = tmp_path / "again.csv"
    for text, new in (("ord-7,good", 1), ("ord-7,good\nord-7,fraud", 1), ("ord-7,good\nord-7,fraud", 0)):
        back_again.write_text(f"order,label\n{text}\n")
        assert json.loads(safeconduct("labels", "import", str(back_again), "--json").stdout)["new"] == new
    with staff_scope():
        assert Label.objects.order_by("moment").last() == Label.objects.get(kind="fraud", origin="csv#2")


def test_history_says_what_its_orders_turned_out_to_be(tmp_path: Path) -> None:
    told = {"specversion": "1.0", "source": "old", "type": "order.placed", "time": "2025-01-01T00:00:00Z"}
    money = {"minor": 100, "currency": "USD"}
    lines = [
        {**told, "id": f"o{n}", "data": {"order": f"ord-{n}", "seller": "s", "buyer": "b", "amount": money}}
        for n in range(3)
    ]
    later = {**told, "type": "dispute.opened", "time": "2025-02-01T00:00:00Z"}
    lines.append({**later, "id": "d0", "data": {"dispute": "dp0", "order": "ord-0", "reason": "10.4"}})
    lines.append({**later, "id": "d1", "data": {"dispute": "dp1", "order": "ord-1", "reason": "not_received"}})
    lines.append({**later, "id": "x", "type": "order.place", "data": {}})
    file = tmp_path / "history.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    told = json.loads(safeconduct("events", "import", str(file), "--json").stdout)
    assert (told["stored"], told["labels"], told["unknown"]) == (6, 2, 1)
    with staff_scope():
        labels = {label.kind: label.moment for label in Label.objects.all()}
    assert set(labels) == {"fraud", "abuse"} and moment_time(labels["fraud"]).date().isoformat() == "2025-02-01"
    assert json.loads(safeconduct("events", "import", str(file), "--json").stdout)["labels"] == 0


def test_events_in_a_file_of_rows_are_replayed_and_a_wrong_option_is_named(tmp_path: Path) -> None:
    row = {
        "id": "r1", "source": "shop", "type": "order.placed", "time": "2026-06-01T00:00:00Z",
        "data": {"order": "ord-9", "seller": "sel-9", "buyer": "b", "amount": {"minor": 100, "currency": "USD"}},
    }  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row) + "\n")
    told = safeconduct("connectors", "replay", "jsonl", str(file), "--unsigned", "--json")
    assert json.loads(told.stdout)["canonical"] == 1, told.stderr
    refused = safeconduct("connectors", "replay", "jsonl", str(file), "--unsigned", "--seller", "s")
    assert refused.returncode == 2 and "--seller" in refused.stderr
    wrong = safeconduct(
        "connectors", "replay", "stripe", str(file), "--unsigned", SAFECONDUCT_CONNECTOR_OPTIONS="stripe.selers=x"
    )
    assert wrong.returncode == 2 and "`sellers`?" in wrong.stderr and "Traceback" not in wrong.stderr


def test_saved_bodies_are_read_with_the_options_that_webhooks_are_read_with() -> None:
    charge = Path(__file__).parents[1] / "connectors" / "payloads" / "stripe" / "charge.succeeded.json"
    configured = "stripe.source=stripe-eu,stripe.default_seller=sel-77"
    told = safeconduct(
        "connectors", "replay", "stripe", str(charge), "--unsigned", "--json", SAFECONDUCT_CONNECTOR_OPTIONS=configured
    )
    assert json.loads(told.stdout)["canonical"] >= 1, told.stderr
    with staff_scope():
        assert {event.source for event in Event.objects.all()} == {"stripe-eu"}
        assert Seller.objects.filter(ref="sel-77").exists()


def where(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a command in ``folder`` says of the place it would work in: the choice alone, no database is started."""
    code = (
        "import os; from safeconduct.cli import start; start._choose_world(); print(os.environ.get('SAFECONDUCT_VAR'))"
    )
    told = {k: v for k, v in os.environ.items() if not k.startswith("SAFECONDUCT_") and k != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, *(arguments or ("-c", code))],
        capture_output=True, text=True, cwd=folder, env={**told, **environment},
    )  # fmt: skip


def test_after_make_demo_commands_look_at_the_demo_and_say_so(tmp_path: Path) -> None:
    assert where(tmp_path).stdout.strip() == "None"
    (tmp_path / "var/demo/postgres").mkdir(parents=True)
    alone = where(tmp_path)
    assert alone.stdout.strip() == str(tmp_path / "var/demo")
    assert "on the demo world" in alone.stderr
    for name in ("SAFECONDUCT_VAR", "SAFECONDUCT_MODE", "DATABASE_URL", "SAFECONDUCT_DATABASE_URL"):
        told = where(tmp_path, **{name: "elsewhere"})
        assert "demo" not in told.stdout + told.stderr, f"{name} was given"


def test_a_database_of_ones_own_is_never_mistaken_for_the_demo(tmp_path: Path) -> None:
    (tmp_path / "var/demo/postgres").mkdir(parents=True)
    (tmp_path / "var/postgres").mkdir()
    both = where(tmp_path)
    assert both.stdout.strip() == "None"
    assert "safeconduct --demo" in both.stderr


def test_the_demo_option_wants_a_demo_world(tmp_path: Path) -> None:
    refused = where(tmp_path, "-m", "safeconduct", "--demo", "ledger", "check")
    assert refused.returncode == 2
    assert "safeconduct demo" in refused.stderr


@pytest.mark.parametrize("command", [["migrate"], ["ledger", "check"], ["record", "verify"]], ids=" ".join)
def test_where_no_database_answers_a_command_says_so_and_ends_with_its_own_code(command: list[str]) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/x"
    told = safeconduct(*command, DATABASE_URL=nowhere, SAFECONDUCT_DATABASE_URL=nowhere)
    assert told.returncode == 3 and "the database does not answer" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_body_whose_times_are_no_times_is_counted_by_its_kind_too(tmp_path: Path) -> None:
    """It happened when it came in: so it is stored, and so it is told."""
    charge = {"id": "ch_1", "object": "charge", "amount": 2000, "currency": "usd", "created": 99999999999999,
              "status": "succeeded", "captured": True, "paid": True, "payment_method_details": {"type": "card", "card": {}}}  # fmt: skip
    file = tmp_path / "late.json"
    file.write_text(json.dumps({"id": "evt_1", "object": "event", "type": "charge.succeeded",
                                "created": 99999999999999, "data": {"object": charge}}))  # fmt: skip
    told = json.loads(safeconduct("connectors", "replay", "stripe", str(file), "--unsigned", "--json").stdout)
    assert told["canonical"] == 1 and told["by_type"] == {"payment.attempted": 1}
    assert told["files"][0]["canonical"] == ["payment.attempted"]
