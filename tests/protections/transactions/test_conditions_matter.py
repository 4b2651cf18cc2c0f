"""No condition of a rule is there for nothing: it fires just at its limits, and stops with any one thing changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files

import pytest

from safeconduct.foundation.policy.interpret import NOW, interpret
from safeconduct.foundation.policy.nodes import InList, Policy
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.tree import walk
from safeconduct.kernel.events.catalogue import CATALOGUE

DAY_US = 86_400_000_000
NOW_US = 2_000 * DAY_US
Values = dict[str, object]


def ago(days: float) -> int:
    """A time so many days before the event."""
    return NOW_US - int(days * DAY_US)


STRANGER: Values = {"buyer_orders_400d": 0, "card_orders_400d": 0}
TAKEN: Values = {
    "buyer_orders_400d": 2, "buyer_first_order": ago(60), "buyer_devices_400d": 2, "buyer_devices_before_400d": 1,
    "buyer_addresses_400d": 2, "buyer_addresses_before_400d": 1, "buyer_usual_400d": (12_000, 3),
}  # fmt: skip
NOT_TAKEN: list[Values] = [
    {"buyer_first_order": ago(59)}, {"buyer_devices_400d": 1}, {"buyer_addresses_400d": 1},
    {"liability_shift": True},
]  # fmt: skip
COVERED: Values = {"liability_shift": True}
KNOWN_BUYER: Values = {"buyer_orders_400d": 1}
KNOWN_CARD: Values = {"card_orders_400d": 1}

#: Rule → values with which it fires, and changes each of which stops it.
LIMITS: dict[str, tuple[Values, list[Values]]] = {
    "testing_on_device": ({"device_declined_cards_1d": 6}, [{"device_declined_cards_1d": 5}]),
    "cards_refused_on_device": (
        {"device_declined_cards_1d": 3, "card_orders_400d": 0},
        [{"device_declined_cards_1d": 2}, KNOWN_CARD],
    ),
    "cards_refused_from_ip": (
        {**STRANGER, "ip_declined_cards_1h": 8, "ip_declines_1h": 12, "ip_tries_1h": 20},
        [{"ip_declined_cards_1h": 7}, {"ip_tries_1h": 21}, KNOWN_BUYER, KNOWN_CARD],
    ),
    "bin_under_attack": (
        {**STRANGER, "bin_declined_cards_1h": 15, "bin_declines_1h": 15, "bin_tries_1h": 25},
        [{"bin_declined_cards_1h": 14}, {"bin_tries_1h": 26}, KNOWN_BUYER, KNOWN_CARD, COVERED],
    ),
    "tested_card_spent": (
        {"card_small_tries_7d": 1, "device_small_tries_7d": 0, "card_orders_400d": 0, "amount": 7_500},
        [{"card_small_tries_7d": 0}, {"device_small_tries_7d": 1}, {"amount": 7_499}, KNOWN_CARD, COVERED],
    ),
    "refused_again_and_again": (
        {**STRANGER, "card_declines_1h": 5},
        [{"card_declines_1h": 4}, KNOWN_CARD, COVERED, {**KNOWN_BUYER, "proxy": False, "ip_country": "US"}],
    ),
    "many_cards_on_device": (
        {"card_orders_400d": 0, "device_cards_1d": 4, "amount": 5_000},
        [{"device_cards_1d": 3}, {"amount": 4_999}, KNOWN_CARD, COVERED],
    ),
    "other_people_s_cards": (
        {"card_orders_400d": 0, "buyer_cards_7d": 3, "buyer_addresses_7d": 3},
        [{"buyer_cards_7d": 2}, {"buyer_addresses_7d": 2}, KNOWN_CARD, COVERED],
    ),
    "card_goes_round": (
        {"card_buyers_30d": 4, "buyer_registered_at": ago(6.9)},
        [{"card_buyers_30d": 3}, {"buyer_registered_at": ago(7)}, COVERED],
    ),
    "card_emptied": (
        {"card_orders_400d": 10, "card_spent_1d": 150_000, "buyer_orders_90d": 10, "buyer_registered_at": ago(6.9),
         "proxy": True},
        [{"card_orders_400d": 11}, {"card_spent_1d": 149_999}, {"buyer_orders_90d": 11},
         {"buyer_registered_at": ago(7)}, {"proxy": False}, COVERED],
    ),
    "new_accounts_on_device": (
        {"device_new_accounts_3d": 4, "buyer_registered_at": ago(2.9)},
        [{"device_new_accounts_3d": 3}, {"buyer_registered_at": ago(3)}],
    ),
    "newcomer_discount_again": (
        {"device_new_accounts_30d": 3, "buyer_orders_400d": 0, "buyer_registered_at": ago(0.9), "promotion": "x"},
        [{"device_new_accounts_30d": 2}, KNOWN_BUYER, {"buyer_registered_at": ago(1)}, {"promotion": None}],
    ),
    "new_accounts_from_ip": (
        {"ip_new_accounts_1h": 6, "ip_buyers_1h": 12, "buyer_orders_400d": 0, "buyer_registered_at": ago(0.9),
         "amount": 4_000},
        [{"ip_new_accounts_1h": 5, "ip_buyers_1h": 5}, {"ip_buyers_1h": 13}, KNOWN_BUYER,
         {"buyer_registered_at": ago(1)}, {"amount": 3_999}, COVERED],
    ),
    "new_accounts_at_address": (
        {"address_new_accounts_14d": 4, "address_buyers_30d": 8, "buyer_registered_at": ago(6.9), "amount": 5_000,
         "address": 1},
        [{"address_new_accounts_14d": 3, "address_buyers_30d": 3}, {"address_buyers_30d": 9},
         {"buyer_registered_at": ago(7)}, {"amount": 4_999}, {"address": 99}],
    ),
    "drop_address": (
        {"address_cards_30d": 4, "address_card_countries_30d": 2, "card_country": "US", "ship_country": "LT",
         "card_orders_400d": 0, "amount": 6_000, "name_matches_card": False, "address": 1, "buyer_orders_400d": 1},
        [{"address_cards_30d": 3}, {"address_card_countries_30d": 1}, {"ship_country": "US"}, KNOWN_CARD,
         {"amount": 5_999}, {"name_matches_card": True}, {"address": 99}, COVERED],
    ),
    "authentication_failed": (
        {"three_ds": "failed", "amount": 1_500, "card_orders_400d": 0},
        [{"three_ds": "attempted"}, {"amount": 1_499}, KNOWN_CARD, COVERED],
    ),
    "both_card_checks_failed": (
        {"cvv": "N", "avs": "N", "amount": 2_000},
        [{"cvv": "M"}, {"avs": "Y"}, {"amount": 1_999}, COVERED],
    ),
    "card_reported": ({"card_fraud_180d": 1}, [{"card_fraud_180d": 0}, COVERED]),
    "disowned_before": (
        {"buyer_fraud_disputes_400d": 1, "amount": 3_000},
        [{"buyer_fraud_disputes_400d": 0}, {"amount": 2_999}, COVERED],
    ),
    "three_countries": (
        {**STRANGER, "ip_country": "NG", "card_country": "US", "ship_country": "FR", "amount": 10_000},
        [{"ip_country": "US"}, {"ship_country": "US"}, {"ship_country": "NG"}, KNOWN_BUYER, KNOWN_CARD,
         {"amount": 9_999}, COVERED, {"avs": "Y", "cvv": "M"}],
    ),
    "hidden_place": (
        {**STRANGER, "proxy": True, "card_country": "US", "ship_country": "FR", "amount": 10_000, "cvv": "N"},
        [{"proxy": False}, {"ship_country": "US"}, KNOWN_BUYER, KNOWN_CARD, {"amount": 9_999}, {"cvv": "M"}, COVERED],
    ),
    "forwarder_and_doubt": (
        {**STRANGER, "freight_forwarder": True, "amount": 15_000, "proxy": True},
        [{"freight_forwarder": False}, {"amount": 14_999}, {"proxy": False}, KNOWN_BUYER, KNOWN_CARD, COVERED],
    ),
    "stored_value_by_stranger": (
        {**STRANGER, "gift_card": True, "amount": 8_000},
        [{"gift_card": False}, {"amount": 7_999}, KNOWN_BUYER, KNOWN_CARD, COVERED],
    ),
    "throwaway_mailbox": (
        {**STRANGER, "email_domain": "listed", "amount": 6_000},
        [{"email_domain": "other"}, {"amount": 5_999}, KNOWN_BUYER, KNOWN_CARD, COVERED],
    ),
    "large_first_order": (
        {**STRANGER, "amount": 50_000, "email_first_seen_at": ago(0.9)},
        [{"amount": 49_999}, {"email_first_seen_at": ago(1)}, KNOWN_BUYER, KNOWN_CARD, COVERED,
         {"cvv": "M", "name_matches_card": True}, {"payment_method": "bank_transfer"}],
    ),
    "many_small_signs": (
        {**STRANGER, "amount": 5_000, "proxy": True, "card_funding": "prepaid", "shipping_speed": "express"},
        [{"amount": 4_999}, {"proxy": False}, {"card_funding": "credit"}, {"shipping_speed": "economy"},
         KNOWN_BUYER, KNOWN_CARD, COVERED],
    ),
    "account_in_other_hands": (
        {**TAKEN, "buyer_orders_400d": 1, "amount": 8_000, "proxy": True},
        [*NOT_TAKEN, {"buyer_orders_400d": 0}, {"buyer_usual_400d": (12_001, 3)},
         {"amount": 7_999, "buyer_usual_400d": (3, 3)}, {"proxy": False}],
    ),
    "unlike_this_buyer": (
        {**TAKEN, "amount": 6_000},
        [*NOT_TAKEN, {"buyer_orders_400d": 1}, {"buyer_usual_400d": (12_001, 3)},
         {"amount": 5_999, "buyer_usual_400d": (3, 3)}],
    ),
    "strange_card_and_failed_check": (
        {**STRANGER, "card_country": "CA", "ship_country": "CN", "ip_country": "CN", "amount": 8_000, "avs": "N"},
        [{"card_country": "CN", "ip_country": "BR"}, {"ip_country": "CA"}, {"amount": 7_999}, {"avs": "Y"},
         KNOWN_BUYER, KNOWN_CARD, COVERED],
    ),
    "new_device_abroad": (
        {**TAKEN, "buyer_orders_400d": 1, "card_country": "CN", "ship_country": "CN", "ip_country": "MX",
         "amount": 6_000},
        [{"buyer_orders_400d": 0}, {"buyer_first_order": ago(59)}, {"buyer_devices_400d": 1},
         {"card_country": "MX"}, {"ship_country": "MX"}, {"buyer_usual_400d": (12_001, 3)},
         {"amount": 5_999, "buyer_usual_400d": (3, 3)}, COVERED],
    ),
    "young_shop_turns_dear": (
        {"seller_registered_at": ago(14), "amount": 8_000, "seller_usual_14d": (16_000, 2), "seller_dear_4d": 6,
         "seller_dear_1d": 3, "seller_dear_14d": 8, "seller_orders_4d": 10, "seller_orders_14d": 13},
        [{"seller_registered_at": ago(13.9)}, {"seller_registered_at": ago(241)},
         {"amount": 7_999, "seller_usual_14d": (2, 2)}, {"seller_usual_14d": (16_001, 2)},
         {"seller_dear_4d": 3, "seller_dear_1d": 0, "seller_dear_14d": 3, "seller_orders_4d": 5},
         {"seller_dear_1d": 4}, {"seller_dear_14d": 9}, {"seller_orders_4d": 11, "seller_orders_14d": 14},
         {"seller_orders_14d": 12}],
    ),
    "dear_orders_light_parcels": (
        {"seller_registered_at": ago(364), "amount": 8_000, "seller_light_4d": 3, "seller_shipped_4d": 6,
         "seller_dear_4d": 3, "seller_dear_14d": 5},
        [{"seller_registered_at": ago(365)}, {"amount": 7_999}, {"seller_light_4d": 2, "seller_shipped_4d": 2},
         {"seller_shipped_4d": 7}, {"seller_dear_4d": 2, "seller_dear_14d": 2}, {"seller_dear_14d": 6}],
    ),
    "shop_people_pay_for_strangers": (
        {"device_signin_shops_30d": 1, "ip_signin_shops_7d": 0, "name_matches_card": False, "card_orders_400d": 0,
         "card_country": "US", "ship_country": "CN"},
        [{"device_signin_shops_30d": 0}, {"device_signin_shops_30d": 0, "ip_signin_shops_7d": 3},
         {"name_matches_card": True}, {"ship_country": "US"}, KNOWN_CARD, COVERED],
    ),
    "own_shop_device": (
        {"device_signin_shops_30d": 1, "device_all_shops_30d": 2, "device_all_shops_before_30d": 2,
         "device_bought_shops_30d": 2, "device_bought_shops_before_30d": 1},
        [{"device_signin_shops_30d": 0}, {"device_all_shops_before_30d": 1}, {"device_bought_shops_before_30d": 2}],
    ),
    "own_shop_address": (
        {"address_registered_shops_400d": 1, "address_all_shops_400d": 2, "address_all_shops_before_400d": 2,
         "address_bought_shops_400d": 2, "address_bought_shops_before_400d": 1},
        [{"address_registered_shops_400d": 0}, {"address_all_shops_before_400d": 1},
         {"address_bought_shops_before_400d": 2}],
    ),
    "own_shop_ip": (
        {"ip_signin_shops_7d": 2, "ip_all_shops_7d": 2, "buyer_orders_90d": 2, "buyer_shops_90d": 1},
        [{"ip_signin_shops_7d": 3, "ip_all_shops_7d": 3}, {"ip_signin_shops_7d": 0, "ip_all_shops_7d": 0},
         {"ip_all_shops_7d": 3}, {"buyer_orders_90d": 1}, {"buyer_shops_90d": 2}],
    ),
    "accounts_share_devices_at_shop": (
        {"seller_buyers_7d": 9, "seller_devices_7d": 3, "device_buyers_7d": 3},
        [{"seller_buyers_7d": 8, "seller_devices_7d": 2}, {"seller_devices_7d": 4}, {"device_buyers_7d": 2}],
    ),
    "shop_spike_and_trouble": (
        {"seller_registered_at": ago(14), "seller_takings_1d": 100_000, "seller_takings_14d": 360_000,
         "amount": 10_000, "seller_usual_14d": (10_000, 2), "seller_trouble_30d": 2},
        [{"seller_registered_at": ago(13.9)}, {"seller_registered_at": ago(180)}, {"seller_takings_14d": 360_001},
         {"seller_takings_1d": 99_999, "seller_takings_14d": 99_999}, {"amount": 9_999, "seller_usual_14d": (2, 2)},
         {"seller_usual_14d": (10_001, 2)}, {"seller_trouble_30d": 1, "seller_payout_changes_14d": 0}],
    ),
    "shop_sells_but_does_not_ship": (
        {"seller_registered_at": ago(364), "seller_orders_14d": 12, "seller_orders_4d": 4, "seller_shipped_14d": 1,
         "seller_takings_1d": 100, "seller_takings_14d": 750, "amount": 5_000},
        [{"seller_registered_at": ago(365)}, {"seller_orders_4d": 5, "seller_shipped_14d": 0},
         {"seller_shipped_14d": 2}, {"seller_takings_14d": 751}, {"amount": 4_999}],
    ),
    "shop_of_mismatched_cards": (
        {"seller_registered_at": ago(119), "seller_mismatched_14d": 6, "seller_orders_14d": 15, "card_orders_400d": 0,
         "avs": "N", "card_country": "US", "ship_country": "FR"},
        [{"seller_registered_at": ago(120)}, {"seller_mismatched_14d": 4, "seller_orders_14d": 4},
         {"seller_orders_14d": 16}, KNOWN_CARD, {"ship_country": "US"}, {"avs": "Y"}, COVERED],
    ),
    "refund_ring_on_device": ({"device_refund_only_buyers_90d": 3}, [{"device_refund_only_buyers_90d": 2}]),
    "refund_ring_at_address": (
        {"address_refund_only_buyers_90d": 3, "address_buyers_90d": 9, "address": 1},
        [{"address_refund_only_buyers_90d": 2, "address_buyers_90d": 2}, {"address_buyers_90d": 10}, {"address": 99}],
    ),
    "keeps_goods_again": (
        {"buyer_refund_only_90d": 4, "buyer_refund_only_shops_90d": 3, "buyer_orders_90d": 8},
        [{"buyer_refund_only_90d": 3, "buyer_orders_90d": 3}, {"buyer_refund_only_shops_90d": 2},
         {"buyer_orders_90d": 9}],
    ),
    "model_says_likely": ({"fraud": 0.7, "amount": 2_000}, [{"fraud": 0.69}, {"amount": 1_999}, {"fraud": None}]),
    "model_says_possible": (
        {"fraud": 0.15, "amount": 10_000}, [{"fraud": 0.14}, {"amount": 9_999}, {"fraud": None}, COVERED],
    ),
    "device_tries_cards": (
        {"device_declined_cards_1h": 5, "device_declined_cards_1d": 5}, [{"device_declined_cards_1h": 4}],
    ),
    "device_tries_a_third_card": (
        {"device_declined_cards_1h": 3, "card_orders_400d": 0}, [{"device_declined_cards_1h": 2}, KNOWN_CARD],
    ),
    "small_sums_at_many_shops": (
        {"device_small_shops_1h": 3, "device_small_cards_1h": 3},
        [{"device_small_shops_1h": 2}, {"device_small_cards_1h": 2}],
    ),
    "card_code_guessed": ({"card_wrong_codes_1d": 6}, [{"card_wrong_codes_1d": 5}]),
    "card_tried_over_and_over": (
        {"card_declines_1h": 6, "card_orders_400d": 0}, [{"card_declines_1h": 5}, KNOWN_CARD],
    ),
    "card_called_stolen": ({"card_called_stolen_90d": 1}, [{"card_called_stolen_90d": 0}, COVERED]),
    "account_tries_cards": (
        {"buyer_declined_cards_1d": 4, "email_declined_cards_1d": 0}, [{"buyer_declined_cards_1d": 3}],
    ),
    "ip_tries_cards": (
        {"ip_declined_cards_1h": 10, "ip_declines_1h": 14, "ip_tries_1h": 20, "card_orders_400d": 0},
        [{"ip_declined_cards_1h": 9}, {"ip_tries_1h": 21}, KNOWN_CARD],
    ),
    "bin_enumerated": (
        {"bin_declined_cards_10m": 15, "bin_declines_10m": 21, "bin_tries_10m": 30, "card_orders_400d": 0},
        [{"bin_declined_cards_10m": 14}, {"bin_tries_10m": 31}, KNOWN_CARD],
    ),
    "shop_used_for_testing": (
        {"seller_small_declined_cards_1h": 20, "seller_small_declines_1h": 21, "seller_small_tries_1h": 30,
         "card_orders_400d": 0, "amount": 500},
        [{"seller_small_declined_cards_1h": 19}, {"seller_small_tries_1h": 31}, KNOWN_CARD, {"amount": 501}],
    ),
}  # fmt: skip


@cache
def _policies() -> tuple[Policy, ...]:
    folder = files("safeconduct.protections.transactions") / "policies"
    found = [
        read_policy((folder / f"{n}.yaml").read_text("utf-8"), CATALOGUE).policy for n in ("order-risk", "payment-risk")
    ]
    return tuple(policy for policy in found if policy is not None)


def _fires(name: str, values: Values) -> bool:
    """Whether the rule alone fires. Addresses above 90 and the domain `listed` stand on every list."""
    policy, rule = next((p, r) for p in _policies() for r in p.rules if r.name == name)
    lists = {n.list_name: frozenset({99, "listed"}) for n in walk(rule.when) if isinstance(n, InList)}
    alone = replace(policy, rules=(rule,), allow_lists=())
    return interpret(alone, {**values, NOW: NOW_US}, lists).fired == (0,)


@pytest.mark.parametrize("name", LIMITS)
def test_a_rule_fires_just_at_its_limits(name: str) -> None:
    assert _fires(name, LIMITS[name][0])


@pytest.mark.parametrize(("name", "change"), [(n, c) for n, (_, changes) in LIMITS.items() for c in changes])
def test_a_rule_stops_with_one_thing_changed(name: str, change: Values) -> None:
    assert not _fires(name, {**LIMITS[name][0], **change})


def test_no_rule_with_limits_is_left_out() -> None:
    lists = {"denied_card", "denied_device", "denied_address", "denied_email", "denied_card_tried"}
    assert {rule.name for policy in _policies() for rule in policy.rules} - lists == set(LIMITS)


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        *(("card_emptied", s) for s in (
            {"ip_country": "BR", "card_country": "US"}, {"cvv": "N"}, {"avs": "N"}, {"card_declines_1h": 2})),
        *(("drop_address", s) for s in ({"avs": "N"}, {"buyer_orders_400d": 0, "amount": 20_000})),
        *(("hidden_place", s) for s in (
            {"avs": "N"}, {"name_matches_card": False}, {"buyer_registered_at": ago(0.9)})),
        *(("strange_card_and_failed_check", s) for s in (
            {"cvv": "N"}, {"proxy": True}, {"card_declines_1h": 2},
            {"buyer_registered_at": ago(0.9), "card_funding": "prepaid"},
            {"buyer_registered_at": ago(0.9), "name_matches_card": False})),
        *(("shop_people_pay_for_strangers", s) for s in (
            {"avs": "N"}, {"cvv": "N"}, {"buyer_cards_7d": 2}, {"buyer_orders_400d": 1})),
        *(("forwarder_and_doubt", s) for s in (
            {"avs": "N"}, {"cvv": "N"}, {"name_matches_card": False}, {"ip_country": "VN", "card_country": "US"})),
        *(("account_in_other_hands", s) for s in (
            {"gift_card": True}, {"shipping_speed": "express"}, {"name_matches_card": False},
            {"freight_forwarder": True}, {"ip_country": "VN", "bill_country": "US"},
            {"ip_country": "VN", "card_country": "US"},
            {"buyer_registered_at": ago(900), "buyer_last_order": ago(121)}, {"device_buyers_7d": 3},
            {"address_buyers_30d": 3}, {"buyer_last_order": ago(121)})),
        *(("many_small_signs", s) for s in (
            {"avs": "N"}, {"cvv": "N"}, {"card_declines_1h": 2}, {"ip_country": "BR", "card_country": "US"},
            {"bill_country": "BR", "card_country": "US"}, {"buyer_registered_at": ago(0.9), "amount": 25_000})),
        *(("own_shop_ip", s) for s in ({"buyer_registered_at": ago(29)}, {"device_buyers_7d": 2})),
        ("shop_spike_and_trouble", {"seller_payout_changes_14d": 1}),
        ("authentication_failed", {"three_ds": "rejected"}),
        *(("refused_again_and_again", s) for s in ({"ip_country": "VN", "card_country": "US"}, {"proxy": True})),
        ("other_people_s_cards", {"device_cards_7d": 4, "device_addresses_7d": 4}),
        *(("unlike_this_buyer", s) for s in ({"gift_card": True}, {"digital": True})),
        ("own_shop_device", {"device_all_shops_30d": 1}),
        ("own_shop_address", {"address_all_shops_400d": 1}),
        ("many_cards_on_device", {"device_cards_1d": 6}),
        ("newcomer_discount_again", {"discount": 1}),
        ("account_tries_cards", {"email_declined_cards_1d": 4}),
        ("card_tried_over_and_over", {"card_declines_1h": 11}),
        ("device_tries_cards", {"device_declined_cards_1d": 8}),
        ("shop_of_mismatched_cards", {"avs": "Y", "name_matches_card": False}),
    ],
)  # fmt: skip
def test_any_other_sign_of_the_same_weight_does_as_well(name: str, sign: Values) -> None:
    without: dict[str, Values] = {
        "card_emptied": {"proxy": False}, "drop_address": {"name_matches_card": True},
        "hidden_place": {"cvv": "M"}, "forwarder_and_doubt": {"proxy": False},
        "account_in_other_hands": {"proxy": False}, "many_small_signs": {"proxy": False},
        "own_shop_ip": {"buyer_orders_90d": 1}, "shop_spike_and_trouble": {"seller_trouble_30d": 1},
        "authentication_failed": {"three_ds": "attempted"}, "refused_again_and_again": KNOWN_BUYER,
        "many_cards_on_device": {"amount": 4_999}, "newcomer_discount_again": {"promotion": None},
        "account_tries_cards": {"buyer_declined_cards_1d": 0}, "card_tried_over_and_over": KNOWN_CARD,
        "other_people_s_cards": {"buyer_cards_7d": 2}, "unlike_this_buyer": {"buyer_addresses_400d": 1},
        "own_shop_device": {"device_bought_shops_before_30d": 2},
        "own_shop_address": {"address_bought_shops_before_400d": 2},
        "device_tries_cards": {"device_declined_cards_1h": 4}, "shop_of_mismatched_cards": {"avs": "Y"},
        "strange_card_and_failed_check": {"avs": "Y"}, "shop_people_pay_for_strangers": {"ship_country": "US"},
    }  # fmt: skip
    base = {**LIMITS[name][0], **without[name]}
    assert not _fires(name, base)
    assert _fires(name, {**base, **sign})
