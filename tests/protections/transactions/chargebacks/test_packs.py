"""What a bank wants to see, and how much of it is there."""

from __future__ import annotations

from datetime import date

import pytest

from safeconduct.protections.transactions.chargebacks import packs, reason_codes
from safeconduct.protections.transactions.chargebacks.packs import score
from safeconduct.protections.transactions.chargebacks.reading import DataMalformed
from safeconduct.protections.transactions.chargebacks.reason_codes import Category

TABLE = reason_codes.table(date(2026, 11, 29))
SMALL = """\
version: 2026-11-29
documents:
  a: {kind: order_details, stripe: receipt, title: {en: A, es: A, zh: A}}
  b: {kind: tracking, stripe: shipping_tracking_number, title: {en: B, es: B, zh: B}}
packs:
  not_known: {required: [a]}
  sent: {required: [a], any_of: [[b]], optional: []}
codes:
  visa/13.1: {pack: sent, optional: [b]}
"""


def test_every_reason_code_has_a_pack_and_every_pack_a_code() -> None:
    found = packs.packs()
    used = {found.of(code).name for code in TABLE.codes.values()}
    assert used | {"not_known"} == set(found.packs)
    assert set(found.of_code) <= set(TABLE.codes)
    wanted = {one for code in TABLE.codes.values() for one in found.of(code).wanted}
    assert wanted <= set(found.documents)


def test_each_document_can_be_asked_for() -> None:
    found = packs.packs()
    asked = {one for pack in (*found.packs.values(), *found.of_code.values()) for one in pack.wanted}
    assert asked == set(found.documents)


def test_fraud_without_the_card_needs_one_proof_that_the_cardholder_took_part() -> None:
    pack = packs.packs().of(TABLE.codes["visa/10.4"])
    bare = score(pack, {"order_details", "ip_address", "device"})
    assert not bare.complete and bare.missing == () and "three_ds" in bare.open_groups[0]
    for proof in ("three_ds", "earlier_payments", "verified_delivery"):
        assert score(pack, {"order_details", proof}).complete
    assert score(pack, {"three_ds"}).missing == ("order_details",)


def test_the_policy_is_not_enough_against_a_credit_that_was_not_given() -> None:
    pack = packs.packs().of(TABLE.codes["visa/13.6"])
    assert not score(pack, {"order_details", "policy_text", "policy_accepted"}).complete


def test_the_score_grows_with_what_is_there_and_says_100_only_of_what_is_whole() -> None:
    for code in TABLE.codes.values():
        pack = packs.packs().of(code)
        there: set[str] = set()
        before = score(pack, there).percent
        assert before == 0
        for one in pack.wanted:
            there.add(one)
            now = score(pack, there).percent
            assert before <= now <= 100
            before = now
        assert before == 100 and score(pack, there).complete


def test_a_code_that_nobody_knows_has_a_pack_of_its_own() -> None:
    assert packs.packs().of(None).name == "not_known"


def test_categories_lead_to_packs_that_fit() -> None:
    for code in TABLE.codes.values():
        if code.category is Category.NOT_RECEIVED and code.pack != "cash":
            assert "proof_of_delivery" in packs.packs().of(code).wanted, code.key


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("required: [a], any_of", "required: [c], any_of", "`c` is no document"),
        ("stripe: receipt", "stripe: receit", "documents.a.stripe: is no field of a Stripe dispute's evidence"),
        ("pack: sent", "pack: send", "codes.visa/13.1.pack: there is no such pack; there are not_known, sent"),
        ("  not_known: {required: [a]}\n", "", "packs: needs one called `not_known`"),
        ("any_of: [[b]]", "any_of: [b]", "packs.sent.any_of: must be a list of lists"),
    ],
)
def test_a_fault_is_named(before: str, after: str, says: str) -> None:
    with pytest.raises(DataMalformed) as refused:
        packs.read(SMALL.replace(before, after), "packs.yaml")
    assert says in str(refused.value)
