"""The linter finds what would leave somebody waiting, lose a seller's money by silence, or break the law."""

from __future__ import annotations

from datetime import date

import pytest
from tests.kernel.cases.neutral import EXAMPLE, TEXT

from safeconduct.foundation.clocks.terms import read_term
from safeconduct.kernel.cases import floors, lint
from safeconduct.kernel.cases.errors import WorkflowRefused
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.kinds import CaseKind
from safeconduct.kernel.cases.pictures import enumeration, mermaid, stepper
from safeconduct.kernel.cases.reading import read_preset, read_workflow

PRESET = "preset: p\nsince: 2026-11-01\nsource: our terms\n"


def found(text: str, preset: str = "") -> str:
    with pytest.raises(WorkflowRefused) as refused:
        lint.checked(text, read_preset(preset) if preset else None)
    return "\n".join(refused.value.findings)


def changed(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for before, after in pairs:
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


def test_the_example_is_sound_and_so_is_everything_that_is_shipped() -> None:
    assert lint.lint(read_workflow(TEXT)) == []
    assert lint.main([]) == 0


def test_a_few_lines_of_aliases_that_stand_for_billions_are_refused_at_once() -> None:
    lines = ["a0: &a0 [l, l, l, l, l, l, l, l]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 10)]
    assert "aliases" in found("\n".join([*lines, "money: *a9"]))
    assert "aliases" in found("states: &s {open: *s}")
    assert "nested too deeply" in found("[" * 50_000)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("    acts: [seller]\n", "    acts: []\n", "state open has nobody who acts"),
        ("    clock: {key: decision, term: 5 working days, of: operator}\n", "", "adjudication has no clock"),
        ("    silence: {do: on_file}\n", "", "evidence does not say what happens on silence"),
        ("    silence: escalate\n", "    silence: {do: decide}\n", "the platform's silence decides nothing"),
        ("    silence: {do: on_file}\n", "    silence: escalate\n", "only the platform's own silence escalates"),
        ("{do: to_platform, preset: silent_seller_pays, instead: execute}", "{do: execute}", "silence loses"),
        ("{do: settle}", "{do: appeal}", "no step of the engine"),
        ("of: seller, floor: complaint_window", "of: seller, floor: sea_level", "there is no floor sea_level"),
        ("term: 6 months", "term: 30 days", "2022/2065"),
        ("key: appeal,", "key: appeal, starts_on: told,", "say else_after"),
        ("extensions: 1, extension: 2 working days", "extensions: 1", "not by how much"),
        ("        to: adjudication\n        money: none\n      execute", "        to: nowhere\n        money: none\n      execute", "nowhere, which is no state"),
        ("        needs: [outcome]\n  decided:", "  decided:", "decided, without an outcome"),
        ("        by: [reviewer]\n", "        by: [seller]\n", "decide; a party can accept"),
        ("    liability: platform\n", "    liability: seller\n", "backstop may not cost the seller"),
        ("        by: [engine]\n        to: decided\n", "        by: [engine]\n        to: agreed\n", "ends the case at once"),
        ("start: open", "start: closed", "which is no state"),
        ("parties: [buyer, seller]", "parties: [buyer, rights_owner]", "the seller is no party"),
        ("  withdrawn: {title", "  island: {title: {en: I, zh: I, es: I}, status: closed}\n  withdrawn: {title", "island is never reached"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(before: str, after: str, said: str) -> None:
    assert said in found(changed((before, after)))


def test_a_platform_without_a_backstop_is_refused() -> None:
    assert "there is no backstop" in found(TEXT[: TEXT.index("backstop:")])


def test_silence_that_goes_round_in_a_circle_is_refused() -> None:
    text = changed(
        ("{do: on_file}", "{do: back}"),
        ("      on_file:\n", "      back: {title: {en: b, zh: b, es: b}, by: [engine], to: open, money: none}\n      on_file:\n"),
        ("{do: to_platform, preset: silent_seller_pays, instead: execute}", "{do: forth}"),
        ("      to_platform:\n", "      forth: {title: {en: f, zh: f, es: f}, by: [engine], to: evidence, money: none}\n      to_platform:\n"),
    )  # fmt: skip
    assert "goes round in a circle" in found(text)


def test_a_loss_two_silences_away_is_a_loss() -> None:
    text = changed(
        ("{do: on_file}", "{do: lose}"),
        ("      on_file:\n", "      lose:\n        title: {en: l, zh: l, es: l}\n        by: [engine]\n        to: decided\n        money: none\n        ending: {remedy: refund, liability: seller, standing: counts, because: {en: l, zh: l, es: l}}\n      on_file:\n"),
        ("{do: to_platform, preset: silent_seller_pays, instead: execute}", "{do: forth}"),
        ("      to_platform:\n", "      forth: {title: {en: f, zh: f, es: f}, by: [engine], to: evidence, money: none}\n      to_platform:\n"),
    )  # fmt: skip
    said = found(text)
    assert "state open: the seller's silence loses" in said
    assert "state evidence: the seller's silence loses" in said


def test_a_preset_fills_in_numbers_and_choices_and_nothing_else() -> None:
    filled = lint.checked(
        TEXT, read_preset(PRESET + "terms: {seller_reply: 48 hours}\nsilence: [silent_seller_pays]\n")
    )
    clock, silence = filled.states["open"].clock, filled.states["open"].silence
    assert clock is not None and silence is not None
    assert (str(clock.term), silence.do) == ("48 hours", "execute")
    assert filled.version != read_workflow(TEXT).version
    assert "no clock has this key" in found(TEXT, PRESET + "terms: {sellers_reply: 48 hours}\n")
    assert "no silence is called" in found(TEXT, PRESET + "silence: [everyone_pays]\n")
    assert "2022/2065" in found(TEXT, PRESET + "terms: {appeal: 5 months}\n")
    assert "2022/2065" in found(TEXT, PRESET + "terms: {appeal: 100 working days}\n")


def test_everything_that_is_wrong_with_a_text_is_told_at_once() -> None:
    with pytest.raises(WorkflowRefused) as refused:
        read_workflow(
            changed(
                ("by: [seller]\n        to: agreed", "by: [vendor]\n        too: agreed"),
                ("term: 5 days", "term: soon"),
            )
        )
    said = "\n".join(refused.value.findings)
    for part in ("states.open.moves.accept.by has 'vendor'", "too is unknown", "to is missing", "'soon' is no term"):
        assert part in said
    for text in ("workflow: [", "a" * 300_000, "- 1"):
        with pytest.raises(WorkflowRefused):
            read_workflow(text)
    with pytest.raises(WorkflowRefused):
        read_preset("preset: p\nterms: {a: never}\n")


def test_a_kind_that_names_an_effect_that_is_not_there_is_refused() -> None:
    with pytest.raises(WorkflowRefused, match="no effect is called refund"):
        CaseKind("example", TEXT).workflow()
    assert EXAMPLE.workflow().name == "example"


def test_a_platform_may_not_order_refunds_without_a_return_from_chinese_sellers() -> None:
    text = changed(
        ("        by: [arbiter]\n", "        by: [arbiter]\n        does: [refund_without_return_by_platform]\n")
    )
    assert "Order 116" in found(text)


@pytest.mark.parametrize(
    ("term", "floor", "broken"),
    [
        ("14 days, or the next working day", "eu-withdrawal", False),
        ("14 days", "eu-withdrawal", True),
        ("15 days", "eu-withdrawal", True),
        ("20 days", "eu-withdrawal", False),
        ("10 working days", "eu-withdrawal", True),
        ("12 working days", "eu-withdrawal", False),
        ("14 days", "eu-refund-after-withdrawal", False),
        ("10 working days", "eu-refund-after-withdrawal", True),
        ("336 hours", "eu-withdrawal", True),
        ("7 days", "cn-no-reason-return", False),
        ("168 hours", "cn-no-reason-return", True),
        ("5 working days", "cn-no-reason-return", True),
    ],
)
def test_terms_are_held_against_floors_day_by_day(term: str, floor: str, broken: bool) -> None:
    (one,) = [f for f in floors.floors() if f.id == floor]
    assert floors.breaks(read_term(term), one) is broken


def test_floors_hold_by_country_and_day_and_counsel_comes_first() -> None:
    on = date(2026, 11, 29)
    german = Route("DE", "CN", "cross_border")
    assert [f.id for f in floors.of_matter("withdrawal_window", german, on)] == ["eu-withdrawal"]
    assert floors.of_matter("withdrawal_window", Route("US", "CN"), on) == []
    assert floors.of_matter("withdrawal_window", german, date(2014, 1, 1)) == []
    assert floors.of_matter("burden_non_delivery", german, on) == []
    assert [f.burden for f in floors.burden("burden_non_delivery", german, on)] == ["seller"]
    assert all(f.source and f.since for f in floors.floors())
    assert all(sum(map(bool, (f.least, f.most, f.forbids, f.burden))) == 1 and f.source for f in floors.floors())


def test_the_same_data_draws_the_diagram_the_stepper_and_the_enumeration() -> None:
    workflow = read_workflow(TEXT)
    picture = mermaid(workflow)
    assert picture.startswith("stateDiagram-v2\n    [*] --> open\n")
    assert "    open --> adjudication: to_platform by engine (on silence)\n" in picture
    assert "    appealed --> final: backstop (platform silent twice)\n" in picture
    stops = [(stop.name, stop.state) for stop in stepper(workflow, "evidence", ["open", "evidence"])]
    assert stops == [
        ("open", "done"),
        ("evidence", "now"),
        ("adjudication", "to_come"),
        ("decided", "to_come"),
        ("final", "to_come"),
    ]
    assert [stop.state for stop in stepper(workflow, "final", ["open", "decided"])] == ["done", "done", "now"]
    told = enumeration(workflow)
    assert [state["state"] for state in told["states"]] == list(workflow.states)
    assert told["states"][0]["steps"][0] == {
        "step": "accept", "title": {"en": "Accept", "zh": "同意", "es": "Aceptar"}, "by": ["seller"], "to": "agreed",
        "money": "refund", "needs": [],
    }  # fmt: skip
