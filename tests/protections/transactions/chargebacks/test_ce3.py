"""Compelling Evidence 3.0: what qualifies, what does not, and why. The addresses here are public ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.protections.transactions.chargebacks import ce3, identifiers
from safeconduct.protections.transactions.chargebacks.ce3 import (
    PROFILES,
    STRIPE,
    VISA,
    Answer,
    Dispute,
    Payment,
    Remark,
    Required,
    Status,
    Unfit,
    WhyNot,
)
from safeconduct.protections.transactions.chargebacks.identifiers import Address, Element, Identifier

PAID = datetime(2026, 6, 1, 12, tzinfo=UTC)
DISPUTE = Dispute("visa", "10.4", PAID, PAID, (ce3.ELIGIBLE,))
IP, OTHER_IP, V6 = "8.8.4.4", "1.1.1.1", "2606:4700:4700::1111"
DEVICE = "device-0123456789"
PRINT = "fingerprint-0123456789"
HOME = Address("12 Main St", "", "Springfield", "62701", "IL", "US")


def paid(identity: str = "t0", days_before: int = 0, **more: Any) -> Payment:
    told: dict[str, Any] = {
        "description": "A kettle", "merchandise_or_services": "merchandise", "arn": "74000000000000000000001",
        "provided_on": date(2026, 1, 5), "ip": IP, "device_id": DEVICE,
    }  # fmt: skip
    return Payment(identity, PAID - timedelta(days=days_before), "card-1", "shop", **told | more)


def priors(**more: Any) -> list[Payment]:
    return [paid("a", 200, **more), paid("b", 150, **more)]


def status(answer: Answer) -> tuple[Status, WhyNot | None, tuple[Required, ...]]:
    return answer.status, answer.why_not, answer.required_actions


def test_the_same_address_and_device_in_two_old_payments_qualify_and_are_proved() -> None:
    for profile in PROFILES:
        answer = ce3.check(DISPUTE, paid(), priors(), profile)
        assert status(answer) == (Status.QUALIFIED, None, ()) and answer.priors == ("a", "b")
        assert [(proof.identifier, proof.element, proof.value) for proof in answer.proofs] == [
            (Identifier.PURCHASE_IP, Element.IP, IP), (Identifier.DEVICE_ID, Element.DEVICE, DEVICE),
        ]  # fmt: skip
        assert answer.ages["a"] == dict.fromkeys(ce3.Anchor, 200) and not answer.remarks


def test_identifiers_that_are_there_but_differ_never_qualify() -> None:
    """A known checker asks only whether fields are present, and calls this qualified."""
    full = {"account_id": "ana", "email": "ana@example.org"}
    history = [
        paid("a", 200, ip=OTHER_IP, device_id="device-aaaaaaaaaa", account_id="bo", email="bo@example.org"),
        paid("b", 150, ip="9.9.9.9", device_id="device-bbbbbbbbbb", account_id="cy", email="cy@example.org"),
    ]
    for profile in PROFILES:
        answer = ce3.check(
            DISPUTE, paid(**full, fingerprint=PRINT, address=HOME),
            [replace(one, fingerprint=PRINT + one.id, address=replace(HOME, line1=one.id)) for one in history], profile,
        )  # fmt: skip
        assert status(answer) == (Status.NOT_QUALIFIED, WhyNot.IDENTIFIERS_DIFFER, ())


def test_the_two_must_share_the_same_elements_with_the_disputed_payment() -> None:
    """One prior has the address and device, the other the address and account: only the IP address is common."""
    told = paid(account_id="ana", address=HOME, fingerprint=PRINT, email="ana@example.org")
    one = replace(told, id="a", processed_at=PAID - timedelta(days=200), account_id="x", address=None,
                  fingerprint="fingerprint-of-another", email="x@example.org")  # fmt: skip
    other = replace(told, id="b", processed_at=PAID - timedelta(days=150), device_id="device-of-another-one",
                    fingerprint="fingerprint-of-someone", email="y@example.org",
                    address=replace(HOME, line1="9 Elm St"))  # fmt: skip
    for profile in PROFILES:
        assert ce3.check(DISPUTE, told, [one, other], profile).status is not Status.QUALIFIED


def test_the_device_counts_once_and_only_by_the_same_identifier() -> None:
    both = {"device_id": DEVICE, "fingerprint": PRINT, "ip": None}
    alone = ce3.check(DISPUTE, paid(**both), priors(**both))
    assert alone.status is not Status.QUALIFIED  # device id and fingerprint are one element
    account = {"account_id": "ana", "ip": None}
    crossed = [
        paid("a", 200, device_id=DEVICE, fingerprint="fingerprint-of-another", **account),
        paid("b", 150, device_id="device-of-another-one", fingerprint=PRINT, **account),
    ]
    answer = ce3.check(DISPUTE, paid(device_id=DEVICE, fingerprint=PRINT, **account), crossed)
    assert status(answer) == (Status.REQUIRES_ACTION, None, (Required.IDENTIFIERS,))  # no IP address was told


def test_two_secondary_elements_are_not_enough_one_main_and_one_are() -> None:
    told = {"ip": None, "device_id": None, "account_id": "ana", "address": HOME}
    for profile in PROFILES:
        assert ce3.check(DISPUTE, paid(**told), priors(**told), profile).required_actions == (Required.IDENTIFIERS,)
    for main in ({"ip": IP}, {"device_id": DEVICE}, {"fingerprint": PRINT, "fingerprint_attributes": 2}):
        for second in ({"account_id": "ana"}, {"address": HOME}):
            only = {"ip": None, "device_id": None} | main | second
            for profile in PROFILES:
                assert ce3.check(DISPUTE, paid(**only), priors(**only), profile).status is Status.QUALIFIED


def test_an_email_address_counts_with_stripe_and_with_visa_only_as_the_login() -> None:
    told = {"device_id": None, "email": "Ana@Example.org"}
    assert ce3.check(DISPUTE, paid(**told), priors(**told), STRIPE).status is Status.QUALIFIED
    refused = ce3.check(DISPUTE, paid(**told), priors(**told), VISA)
    assert refused.required_actions == (Required.IDENTIFIERS,)
    login = {"device_id": None, "account_id": "ana@example.org"}
    assert ce3.check(DISPUTE, paid(**login), priors(**login), VISA).status is Status.QUALIFIED


@pytest.mark.parametrize(
    ("days", "visa", "stripe"),
    [
        (119, Unfit.TOO_YOUNG, Unfit.TOO_YOUNG),
        (120, None, None),
        (364, None, None),
        (365, None, Unfit.TOO_OLD),
        (366, Unfit.TOO_OLD, Unfit.TOO_OLD),
    ],
)
def test_the_ages_at_the_edges(days: int, visa: Unfit | None, stripe: Unfit | None) -> None:
    history = [paid("a", 200), paid("b", days)]
    for profile, reason in ((VISA, visa), (STRIPE, stripe)):
        answer = ce3.check(DISPUTE, paid(), history, profile)
        assert answer.unfit == ({} if reason is None else {reason: 1})
        assert (answer.status is Status.QUALIFIED) == (reason is None)
        if reason is not None:
            assert answer.required_actions == (Required.PRIOR_TRANSACTIONS,)


def test_ages_count_from_what_each_source_says() -> None:
    """Disputed 60 days after the payment: a prior of 80 days before it is 140 days before the dispute."""
    late = replace(DISPUTE, disputed_at=PAID + timedelta(days=60), processed_at=PAID + timedelta(days=62))
    history = [paid("a", 80), paid("b", 200)]
    assert ce3.check(late, paid(), history, VISA).status is Status.QUALIFIED
    assert ce3.check(late, paid(), history, STRIPE).unfit == {Unfit.TOO_YOUNG: 1}
    old = ce3.check(late, paid(), [paid("a", 303), paid("b", 200)], STRIPE)  # 365 days before its processing
    assert old.unfit == {Unfit.TOO_OLD: 1}
    assert ce3.check(late, paid(), [paid("a", 305), paid("b", 200)], VISA).status is Status.QUALIFIED


def test_a_day_is_a_calendar_day_whatever_the_hour() -> None:
    morning = replace(paid("a", 120), processed_at=PAID.replace(hour=23, minute=59) - timedelta(days=120))
    assert ce3.check(DISPUTE, paid(), [morning, paid("b", 200)]).status is Status.QUALIFIED


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"network": "mastercard"}, WhyNot.NOT_VISA),
        ({"reason_code": "10.5"}, WhyNot.OTHER_CODE),
        ({"reason_code": "fraudulent"}, WhyNot.OTHER_CODE),
        ({"eligible_types": ()}, WhyNot.PROCESSOR_SAYS_NO),
    ],
)
def test_only_visa_10_4_and_only_where_the_processor_offers_it(change: dict[str, Any], why: WhyNot) -> None:
    answer = ce3.check(replace(DISPUTE, **change), paid(), priors())
    assert (answer.status, answer.why_not) == (Status.NOT_QUALIFIED, why)


def test_blanks_in_the_code_and_a_processor_without_a_list_do_not_matter() -> None:
    loose = replace(DISPUTE, network="Visa", reason_code=" 10 .4", eligible_types=None)
    assert ce3.check(loose, paid(), priors()).status is Status.QUALIFIED


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"credential": "card-2"}, Unfit.OTHER_CARD),
        ({"merchant": "another"}, Unfit.OTHER_MERCHANT),
        ({"settled": False}, Unfit.NOT_SETTLED),
        ({"validation": True}, Unfit.VALIDATION),
        ({"fraud_reported": True}, Unfit.REPORTED),
        ({"fraud_disputed": True}, Unfit.REPORTED),
        ({"id": "t0"}, Unfit.ITSELF),
    ],
)
def test_payments_that_do_not_count_are_left_out_and_said(change: dict[str, Any], why: Unfit) -> None:
    good, bad = priors()
    answer = ce3.check(DISPUTE, paid(), [good, replace(bad, **change)])
    assert answer.unfit == {why: 1} and answer.required_actions == (Required.PRIOR_TRANSACTIONS,)


@pytest.mark.parametrize(
    ("ip", "spelt"),
    [
        ("8.8.4.4", "8.8.4.4"), (" 8.8.4.4 ", "8.8.4.4"), ("::ffff:8.8.4.4", "8.8.4.4"),
        ("2606:4700:4700:0:0:0:0:1111", V6), ("2606:4700:4700::1111", V6), ("2606:4700:4700::1111%eth0", None),
        ("10.0.0.1", None), ("192.168.1.1", None), ("127.0.0.1", None), ("100.64.0.1", None), ("203.0.113.7", None),
        ("fe80::1", None), ("::1", None), ("224.0.0.1", None), ("8.8.4.x", None), ("8.8.4", None), ("", None),
        ("008.8.4.4", None), (None, None),
    ],
)  # fmt: skip
def test_only_public_addresses_in_clear_text_count(ip: str | None, spelt: str | None) -> None:
    assert identifiers.public_ip(ip) == spelt


def test_an_address_of_version_6_is_the_same_in_any_spelling() -> None:
    history = [paid("a", 200, ip="2606:4700:4700:0:0::1111"), paid("b", 150, ip=V6.upper())]
    assert ce3.check(DISPUTE, paid(ip=V6), history).status is Status.QUALIFIED


@pytest.mark.parametrize(
    ("device", "fingerprint", "attributes", "counts"),
    [
        ("d" * 15, None, None, True),
        ("d" * 14, None, None, False),
        ("5d41402abc4b2a76b9719d911017c592", None, None, False),  # a digest
        (None, "f" * 20, 2, True),
        (None, "f" * 19, 2, False),
        (None, "f" * 20, 1, False),
    ],
)
def test_devices_have_a_least_length_and_are_no_digest(
    device: str | None, fingerprint: str | None, attributes: int | None, counts: bool
) -> None:
    told = {"device_id": device, "fingerprint": fingerprint, "fingerprint_attributes": attributes}
    answer = ce3.check(DISPUTE, paid(**told), priors(**told))
    assert (answer.status is Status.QUALIFIED) == counts
    if not counts:
        assert answer.required_actions == (Required.IDENTIFIERS,)


def test_a_fingerprint_of_unknown_making_is_something_to_look_at() -> None:
    told = {"device_id": None, "fingerprint": PRINT}
    answer = ce3.check(DISPUTE, paid(**told), priors(**told))
    assert answer.status is Status.QUALIFIED and answer.remarks == (Remark.FINGERPRINT_ATTRIBUTES_UNKNOWN,)


@pytest.mark.parametrize("part", ["line1", "city", "postal_code", "state", "country"])
def test_an_address_without_one_of_its_parts_is_absent(part: str) -> None:
    told = {"device_id": None, "address": replace(HOME, **{part: ""})}
    assert ce3.check(DISPUTE, paid(**told), priors(**told)).required_actions == (Required.IDENTIFIERS,)


def test_addresses_are_the_same_whatever_their_commas_and_accents() -> None:
    chile = Address("Av. Providencia 1208", "", "Ñuñoa", "775-0000", "RM", "cl")
    same = Address("AV PROVIDENCIA, 1208", " ", "Nunoa", "775 0000", "rm", "CL")
    assert identifiers.full_address(chile) == identifiers.full_address(same) is not None
    assert identifiers.full_address(replace(same, line2="Depto 5")) != identifiers.full_address(chile)


@pytest.mark.parametrize(
    ("account", "counts"),
    [("ana", True), ("Ana@Example.org", True), ("ana rojas", False), ("", False), ("a" * 64, False)],
)
def test_an_account_is_one_string_a_buyer_would_recognise(account: str, counts: bool) -> None:
    assert (identifiers.account_id(account) is not None) == counts


def test_a_payment_the_merchant_started_has_the_address_of_the_buyers_own_first_one() -> None:
    first = paid("first", 400)
    renewals = [
        paid("a", 200, ip="1.0.0.1", merchant_initiated=True, initial="first"),
        paid("b", 150, ip="1.0.0.1", merchant_initiated=True, initial="first"),
    ]
    disputed = paid(ip="1.0.0.1", merchant_initiated=True, initial="first")
    answer = ce3.check(DISPUTE, disputed, [first, *renewals])
    assert answer.status is Status.QUALIFIED and answer.proofs[0].value == IP
    unknown = ce3.check(DISPUTE, replace(disputed, initial="not-kept"), [first, *renewals])
    assert unknown.required_actions == (Required.IDENTIFIERS,)


def test_the_pair_with_most_in_common_is_chosen_and_of_equals_the_oldest() -> None:
    plain = [paid("p1", 300), paid("p2", 290), paid("p3", 280)]
    rich = [paid("r1", 140, account_id="ana"), paid("r2", 130, account_id="ana"), paid("r3", 125, account_id="ana")]
    disputed = paid(account_id="ana")
    assert ce3.check(DISPUTE, disputed, plain + rich).priors == ("r1", "r2")
    assert ce3.check(DISPUTE, disputed, plain).priors == ("p1", "p2")
    assert ce3.check(DISPUTE, disputed, [plain[2], rich[0], plain[0]]).priors == ("p1", "p3")


def test_what_is_missing_is_named_as_stripe_names_it() -> None:
    answer = ce3.check(
        DISPUTE, paid(description="", merchandise_or_services=""), [paid("a", 200, description=" "), paid("b", 150)]
    )
    assert answer.status is Status.REQUIRES_ACTION and answer.priors == ("a", "b")
    assert answer.required_actions == (
        Required.PRIOR_DESCRIPTION,
        Required.DESCRIPTION,
        Required.MERCHANDISE_OR_SERVICES,
    )
    nothing = ce3.check(DISPUTE, paid(device_id=None), [])
    assert nothing.required_actions == (Required.PRIOR_TRANSACTIONS, Required.IDENTIFIERS)


def test_what_visa_asks_to_carry_along_is_remarked() -> None:
    history = [paid("a", 200, arn="", descriptor="OTHER"), paid("b", 150, provided_on=None)]
    answer = ce3.check(DISPUTE, paid(descriptor="SHOP"), history)
    assert answer.status is Status.QUALIFIED
    assert set(answer.remarks) == {Remark.NO_ARN, Remark.NO_PROVIDED_ON, Remark.DESCRIPTOR_DIFFERS}


@given(
    st.lists(
        st.tuples(
            st.integers(100, 380), st.sampled_from([None, IP, OTHER_IP]), st.sampled_from([None, DEVICE, DEVICE + "x"]),
            st.sampled_from([None, "ana", "bo"]), st.sampled_from([None, HOME]),
        ),
        max_size=6,
    )
)  # fmt: skip
def test_a_chosen_pair_always_proves_what_the_rule_asks(given_: list[tuple[Any, ...]]) -> None:
    disputed = paid(account_id="ana", address=HOME)
    history = [
        paid(f"h{n}", days, ip=ip, device_id=device, account_id=account, address=address)
        for n, (days, ip, device, account, address) in enumerate(given_)
    ]
    by_id = {one.id: one for one in history}

    def good(a: Payment, b: Payment) -> bool:
        equal = {
            element
            for element, name in (
                (Element.IP, "ip"),
                (Element.DEVICE, "device_id"),
                (Element.ACCOUNT, "account_id"),
                (Element.ADDRESS, "address"),
            )
            if getattr(a, name) == getattr(b, name) == getattr(disputed, name) is not None
        }
        return len(equal) >= 2 and bool(equal & {Element.IP, Element.DEVICE})

    for profile in PROFILES:
        answer = ce3.check(DISPUTE, disputed, history, profile)
        fit = [one for one in history if 120 <= (PAID - one.processed_at).days <= profile.max_age_days]
        exists = any(good(a, b) for n, a in enumerate(fit) for b in fit[n + 1 :])
        assert (answer.status is Status.QUALIFIED) == exists
        if answer.priors:
            a, b = (by_id[identity] for identity in answer.priors)
            assert good(a, b) and a.processed_at <= b.processed_at and a.id != b.id
