"""The machine of a dispute and its numbers, as data: what the linter says of them, and where each comes from."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

import safeconduct.protections.disputes as package
from safeconduct.cli.main import app
from safeconduct.kernel.cases import lint
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.pictures import mermaid
from safeconduct.kernel.cases.reading import read_preset, read_workflow
from safeconduct.kernel.cases.words import Role
from safeconduct.protections.disputes.burden import ClaimType, Need, burdens, proves, type_of

HOME = Path(package.__file__).parent
TEXT = (HOME / "workflow.yaml").read_text(encoding="utf-8")
PRESETS = sorted((HOME / "presets").glob("cases-*.yaml"))
DAY = date(2026, 11, 29)


def test_the_neutral_machine_is_sound_and_nobody_loses_by_silence_in_it() -> None:
    workflow = read_workflow(TEXT)
    assert lint.lint(workflow) == []
    silent = workflow.states["open"].silence
    assert silent is not None
    assert silent.do == "to_platform"
    assert "backstop" in mermaid(workflow)


@pytest.mark.parametrize("file", PRESETS, ids=lambda file: file.stem)
def test_every_number_of_a_preset_names_its_source(file: Path) -> None:
    preset = read_preset(file.read_text(encoding="utf-8"))
    workflow = lint.checked(TEXT, preset)
    told = {line.partition(":")[0] for line in preset.source.splitlines() if line.strip()}
    assert told >= set(preset.terms), f"without a source: {set(preset.terms) - told}"
    for state in workflow.states.values():
        if state.clock is not None and state.clock.key in preset.terms:
            assert state.clock.term == preset.terms[state.clock.key]


def test_in_which_presets_the_sellers_silence_pays_is_written_down() -> None:
    paying = set()
    for file in PRESETS:
        preset = read_preset(file.read_text(encoding="utf-8"))
        silent = read_workflow(TEXT, preset).states["open"].silence
        assert silent is not None
        if silent.do == "pay_unanswered":
            paying.add(preset.name)
    assert paying == {"aliexpress-like", "amazon-like", "ebay-like"}


def test_a_workflow_is_linted_from_the_command_line(tmp_path: Path) -> None:
    bad = tmp_path / "workflow.yaml"
    bad.write_text(TEXT.replace("silence: escalate", "silence: {do: withdraw}", 1), encoding="utf-8")
    runner = CliRunner()
    assert runner.invoke(app, ["cases", "lint"]).exit_code == 0
    answer = runner.invoke(app, ["cases", "lint", str(bad)])
    assert answer.exit_code == 1
    assert "the platform's silence decides nothing" in answer.output


def test_each_type_of_claim_says_who_proves_what_with_a_source() -> None:
    for kind, burden in burdens().items():
        assert burden.source, kind
        own = [piece for piece in burden.pieces if piece.of is burden.proves]
        assert own, f"{kind}: the side that has to prove is asked for nothing"
        assert sum(piece.need is Need.MOST for piece in burden.pieces) == 1, kind
        assert len({piece.kind for piece in burden.pieces}) == len(burden.pieces), kind


def test_where_law_fixes_the_burden_it_stands_above_the_marketplaces_rule() -> None:
    at_home, abroad = Route("DE", "CN"), Route("US", "CN")
    assert proves(ClaimType.NOT_AS_DESCRIBED, at_home, DAY)[0] is Role.SELLER
    assert "2019/771" in proves(ClaimType.NOT_AS_DESCRIBED, at_home, DAY)[1]
    assert proves(ClaimType.NOT_AS_DESCRIBED, abroad, DAY)[0] is Role.BUYER


def test_a_shops_own_reasons_are_understood_and_unknown_ones_are_not_guessed() -> None:
    assert type_of("Item not received") is ClaimType.NOT_RECEIVED
    assert type_of("counterfeit") is ClaimType.NOT_GENUINE
    assert type_of("changed my mind") is None


def test_every_reason_of_paypals_about_goods_is_one_of_our_types(shared_data: Path) -> None:
    """The others are about the payment itself, which a bank or processor decides (chargebacks map those)."""
    told = json.loads((shared_data / "paypal_dispute_terms.json").read_text(encoding="utf-8"))
    of_the_payment = {
        "UNAUTHORISED", "DUPLICATE_TRANSACTION", "INCORRECT_AMOUNT", "PAYMENT_BY_OTHER_MEANS",
        "CANCELED_RECURRING_BILLING", "PROBLEM_WITH_REMITTANCE", "OTHER",
    }  # fmt: skip
    assert {name for name in told["dispute_reason"] if type_of(name) is None} == of_the_payment
    for part in ("product_details", "service_details"):
        items = told[f"{part}/properties/sub_reasons/items"]
        assert [name for name in items if type_of(name) is None] == ["OTHER"]
