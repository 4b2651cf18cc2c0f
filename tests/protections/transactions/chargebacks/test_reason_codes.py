"""The table of reason codes: complete, honest about what it does not know, and never guessed from."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from safeconduct.protections.transactions.chargebacks import reason_codes
from safeconduct.protections.transactions.chargebacks.reading import DataMalformed
from safeconduct.protections.transactions.coverage.causes import cause_of
from safeconduct.protections.transactions.coverage.words import Cause

TODAY = date(2026, 11, 29)
SURE = {"primary_quoted": "quoted", "secondary": "secondary", "conflict": "conflict", "memory_titles": "memory"}

ONE = """\
versions:
  - valid_from: 2020-01-01
    read_on: 2026-11-23
    sources: {K1: "a page"}
    codes:
      - {network: visa, code: "10.1", reason: fraudulent, category: fraud, pack: present_fraud, issuer_days: 120,
         counted_from: processed, answer_days: 30, sources: [K1], sure: secondary, title: {en: a, es: b, zh: c}}
"""


def test_every_code_that_was_collected_is_there_with_its_terms_and_its_doubts(shared_data: Path) -> None:
    collected = json.loads((shared_data / "reason_codes.json").read_text(encoding="utf-8"))["codes"]
    ours = reason_codes.table(TODAY).codes
    assert set(ours) == {f"{one['network']}/{one['code']}" for one in collected} and len(ours) == 58
    for one in collected:
        code = ours[f"{one['network']}/{one['code']}"]
        limit = one["issuer_limit"]
        terms = {limit["days"], limit.get("conflict", limit["days"])}
        assert {code.issuer_days, code.or_days or code.issuer_days} == terms, code.key
        assert code.issuer_days == min(terms) and code.cap_days == limit.get("cap_days"), code.key
        assert code.answer_days == one["merchant_response_days"], code.key
        assert (code.category, code.reason) == (one["category"], one["stripe_reason"]), code.key
        assert code.sure == SURE[one["confidence"]] and list(code.sources) == one["sources"], code.key


def test_processors_spell_codes_in_their_own_way() -> None:
    table = reason_codes.table(TODAY)
    for network, code in (("visa", "10.4"), ("Visa", " 10. 4"), ("VISA", "10 .4")):
        found = table.of(network, code)
        assert found is not None and found.key == "visa/10.4"
    amex = table.of("American Express", "c08")
    assert amex is not None and amex.key == "amex/C08"
    assert table.of("jcb", "10.4") is None and table.of("visa", "99.9") is None and table.of("visa", None) is None


def test_a_code_of_many_complaints_is_told_apart_by_its_reason_and_never_guessed() -> None:
    table = reason_codes.table(TODAY)
    assert table.of("mastercard", "4853") is None and cause_of("4853") is None
    told = {
        reason: found.key
        for reason in ("product_not_received", "product_unacceptable", "subscription_canceled", "credit_not_processed")
        if (found := table.of("mastercard", "4853", reason)) is not None
    }
    assert told == {
        "product_not_received": "mastercard/4853/not_received",
        "product_unacceptable": "mastercard/4853/not_as_described",
        "subscription_canceled": "mastercard/4853/recurring",
        "credit_not_processed": "mastercard/4853/credit",
    }


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("10.4", Cause.UNAUTHORISED), ("UA02", Cause.UNAUTHORISED), ("13.1", Cause.NOT_RECEIVED),
        ("c08", Cause.NOT_RECEIVED), ("13.4", Cause.NOT_AS_DESCRIBED), ("C31", Cause.NOT_AS_DESCRIBED),
        ("12.5", None), ("13.6", None), ("83", Cause.UNAUTHORISED),
    ],
)  # fmt: skip
def test_coverage_and_chargebacks_read_codes_in_one_table(code: str, cause: Cause | None) -> None:
    assert cause_of(code) == cause


def test_a_term_of_the_table_counts_from_the_opening() -> None:
    code = reason_codes.table(TODAY).codes["visa/13.1"]
    opened = datetime(2026, 6, 1, 8, tzinfo=UTC)
    assert (code.answer_by(opened) - opened).days == 30 and code.cap_days == 540


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("sources: [K1]", "sources: [K9]", "codes[0].sources: must name sources of this version: K1"),
        ('code: "10.1"', "code: 10.1", "codes[0].code: must be a text that is not empty; put figures and codes in"),
        ("es: b, ", "", "codes[0].title.es: is missing; add `es:`"),
        ("category: fraud", "category: froud", "codes[0].category: can be fraud, authorization"),
        ("answer_days: 30", "answer_days: 0", "codes[0].answer_days: must be a whole number above zero"),
        ("sure: secondary", "sure: secondary, more: 1", "codes[0].more: is not known here"),
        ("versions:", "versions: [", "whole file: is no YAML"),
    ],
)
def test_a_fault_in_the_table_is_named_with_its_place(before: str, after: str, says: str) -> None:
    with pytest.raises(DataMalformed) as refused:
        reason_codes.read(ONE.replace(before, after), "codes.yaml")
    assert says in str(refused.value)


def test_a_dispute_that_was_won_can_be_reopened_for_as_long_as_any_source_says() -> None:
    ended, found = datetime(2026, 6, 1, 8, tzinfo=UTC), reason_codes.table(TODAY)
    until = {name: found.reopenable_until(name, ended) for name in ("Visa", "mc", "amex", "discover")}
    assert {name: (at - ended).days for name, at in until.items() if at} == {
        "Visa": 30, "mc": 45, "amex": 45, "discover": 45,
    }  # fmt: skip
    assert found.reopenable_until("unionpay", ended) is None
    assert all(one.sources and one.days >= (one.or_days or 0) for one in found.reopening.values())


def test_a_version_begins_on_its_day() -> None:
    later = ONE + ONE.partition("\n")[2].replace("2020-01-01", "2027-01-01").replace(
        "answer_days: 30", "answer_days: 20"
    )
    first, second = reason_codes.read(later, "codes.yaml")
    assert first.codes["visa/10.1"].answer_days == 30 and second.codes["visa/10.1"].answer_days == 20
    with pytest.raises(DataMalformed, match="each must begin on a later day"):
        reason_codes.read(later.replace("2027-01-01", "2019-01-01"), "codes.yaml")


def test_every_reason_of_paypals_has_its_word_and_tells_a_shared_code_apart(shared_data: Path) -> None:
    told = json.loads((shared_data / "paypal_dispute_terms.json").read_text(encoding="utf-8"))["dispute_reason"]
    assert set(told) == reason_codes.PAYPAL.keys()
    found = reason_codes.table(TODAY).of("mastercard", "4853", "MERCHANDISE_OR_SERVICE_NOT_RECEIVED")
    assert found is not None and found.key == "mastercard/4853/not_received"
    assert cause_of("UNAUTHORISED") is Cause.UNAUTHORISED
    assert cause_of("MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED") is Cause.NOT_AS_DESCRIBED
    assert cause_of("OTHER") is None
