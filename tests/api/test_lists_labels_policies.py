"""What a back office keeps up to date: lists, labels, drafts of policies."""

from __future__ import annotations

from tests.api.api_world import Machine, good, key, problem
from tests.kernel.builders import CARD_AT_MANY_SHOPS, event, live_policy, person, usd

from safeconduct.kernel.decisions.models import Label, ListEntry, PolicyStep
from safeconduct.kernel.decisions.statistics import TRUTH_SQL
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import query, staff_scope

CARDS = {"name": "stolen-cards", "kind": "deny", "entity": "card", "purpose": "Cards reported by issuers"}
DENYING = """\
policy: deny
on: order.placed
rules:
  stolen:
    when: in_list('stolen-cards', card)
    then: block
    because: {en: "The card was reported stolen", zh: "该卡已被报失", es: "La tarjeta fue denunciada"}
"""


def test_a_card_put_on_a_list_stops_the_next_order_and_not_the_one_after_it_was_taken_off() -> None:
    shop = Machine()
    good(shop.post("/v1/lists", CARDS), 201)
    live_policy(DENYING)
    entry = good(
        shop.post("/v1/lists/stolen-cards/entries", {"values": ["fp_9aXbcdef"], "why": "Issuer's report"}), 201
    )["items"][0]
    assert entry["value"] == "…cdef" and entry["added_by"].startswith("key_") and entry["until"] is None
    assert good(shop.post("/v1/events", event(card="fp_9aXbcdef")))["action"] == "block"
    assert good(shop.get("/v1/lists"))["items"][0]["entries"] == 1
    ended = good(shop.delete(f"/v1/lists/stolen-cards/entries/{entry['id']}"))["items"][0]
    assert ended["until"] is not None
    assert good(shop.post("/v1/events", event(card="fp_9aXbcdef")))["action"] == "allow"
    problem(shop.delete(f"/v1/lists/stolen-cards/entries/{entry['id']}"), 404, "not-found")
    assert good(shop.get("/v1/lists/stolen-cards/entries"))["items"] == []
    with staff_scope():
        assert ListEntry.objects.count() == 1  # ended, not deleted


def test_entries_are_paged_and_need_a_reason() -> None:
    shop = Machine()
    good(shop.post("/v1/lists", {**CARDS, "name": "words", "entity": "text"}), 201)
    values = [f"w{n}" for n in range(5)]
    good(shop.post("/v1/lists/words/entries", {"values": values, "why": "Known spam"}), 201)
    seen, cursor = [], {}
    while True:
        page = good(shop.get("/v1/lists/words/entries", limit=2, **cursor))
        seen += [item["value"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(seen) == values
    assert (
        problem(shop.post("/v1/lists/words/entries", {"values": ["x"]}), 422, "invalid")["errors"][0]["field"] == "why"
    )
    past = {"values": ["x"], "why": "Known spam", "until": "2020-01-01T00:00:00Z"}
    assert problem(shop.post("/v1/lists/words/entries", past), 422, "invalid")["errors"][0]["field"] == "until"
    problem(shop.post("/v1/lists/none/entries", {"values": ["x"], "why": "Known spam"}), 404, "not-found")


def test_a_list_of_a_kind_that_does_not_exist_names_those_there_are() -> None:
    document = problem(Machine().post("/v1/lists", {**CARDS, "entity": "cardd"}), 422, "invalid")
    assert document["errors"][0]["field"] == "entity" and "card_bin" in document["detail"]
    problem(Machine(key("lists:read")).post("/v1/lists", CARDS), 403, "scope-missing")


def test_labels_find_their_orders_and_are_stored_once() -> None:
    live_policy()
    shop = Machine()
    good(shop.post("/v1/events", event(order="ord-A")))
    sent = {
        "labels": [
            {"order": "ord-A", "label": "fraud"},
            {"order": "never", "label": "good"},
            {"order": "ord-A", "label": "fraud"},
        ]
    }
    answer = good(shop.post("/v1/labels", sent))
    assert [result["status"] for result in answer["results"]] == ["accepted", "refused", "accepted"]
    assert (answer["new"], answer["refused"]) == (1, 1)
    assert good(shop.post("/v1/labels", sent))["new"] == 0
    with staff_scope():
        assert Label.objects.get().origin == "api"
    document = problem(shop.post("/v1/labels", {"labels": [{"order": "ord-A", "label": "bad"}]}), 422, "invalid")
    assert document["errors"][0]["field"] == "labels.0.label"


def test_an_order_that_was_fraud_then_good_then_fraud_again_is_fraud_and_its_history_stays() -> None:
    live_policy()
    shop = Machine()
    good(shop.post("/v1/events", event(order="ord-A")))

    def says(*kinds: str) -> int:
        sent = {"labels": [{"order": "ord-A", "label": kind} for kind in kinds]}
        return int(good(shop.post("/v1/labels", sent))["new"])

    assert [says(kind) for kind in ("fraud", "fraud", "good", "good", "fraud", "fraud")] == [1, 0, 1, 0, 1, 0]
    assert truth() == "fraud"
    assert (says("fraud", "good"), truth()) == (1, "good")
    assert (says("good", "fraud", "good"), truth()) == (0, "good")
    with staff_scope():
        history = Label.objects.order_by("moment", "id").values_list("kind", "origin")
        assert list(history) == [("fraud", "api"), ("good", "api"), ("fraud", "api#2"), ("good", "api#2")]


def truth() -> str:
    """What the one order turned out to be."""
    with staff_scope():
        ((_order, found),) = query(TRUTH_SQL).fetchall()
        return str(found)


def test_a_policy_is_checked_without_being_stored() -> None:
    shop = Machine()
    wrong = good(shop.post("/v1/policies/check", {"text": CARD_AT_MANY_SHOPS.replace("amount >", "amuont >")}))
    assert wrong["ok"] is False and wrong["diagnostics"][0]["line"] > 1 and "amount" in wrong["diagnostics"][0]["hint"]
    assert good(shop.post("/v1/policies/check", {"text": CARD_AT_MANY_SHOPS}))["policy"] == "order-risk"
    assert good(shop.get("/v1/policies"))["items"] == []


def test_a_draft_carries_its_author_and_cannot_be_overwritten_unseen() -> None:
    live_policy()
    analyst = person(StaffRole.ANALYST)
    shop = Machine()
    first = good(
        shop.post("/v1/policies/order-risk/drafts", {"text": CARD_AT_MANY_SHOPS, "person": analyst.email}), 201
    )
    assert (first["number"], first["revision"], first["state"], first["ok"]) == (2, 1, "draft", True)
    change = {"text": CARD_AT_MANY_SHOPS + " ", "person": analyst.email, "draft": first["id"], "revision": 1}
    assert good(shop.post("/v1/policies/order-risk/drafts", change), 201)["revision"] == 2
    assert problem(shop.post("/v1/policies/order-risk/drafts", change), 409, "conflict")["code"] == "changed_meanwhile"
    document = problem(
        shop.post("/v1/policies/other/drafts", {"text": CARD_AT_MANY_SHOPS, "person": analyst.id}), 409, "conflict"
    )
    assert document["code"] == "policy_name_differs"
    with staff_scope():
        assert "through key_" in PolicyStep.objects.filter(actor=analyst.id).first().why  # type: ignore[union-attr]
    (listed,) = good(shop.get("/v1/policies"))["items"]
    assert listed == {"policy": "order-risk", "live": 1, "challenger": None, "shadow": [], "latest": 2}
    assert good(shop.get("/v1/policies/order-risk/versions/2"))["text"] == CARD_AT_MANY_SHOPS + " "
    problem(shop.get("/v1/policies/order-risk/versions/9"), 404, "not-found")
    problem(shop.post("/v1/policies/order-risk/drafts", {"text": CARD_AT_MANY_SHOPS}), 422, "invalid")


def test_a_key_that_reads_cannot_write() -> None:
    reader = Machine(key("policies:read", "lists:read"))
    good(reader.get("/v1/policies"))
    good(reader.get("/v1/lists"))
    problem(reader.post("/v1/policies/order-risk/drafts", {"text": ""}), 403, "scope-missing")
    problem(reader.post("/v1/labels", {"labels": []}), 403, "scope-missing")
    problem(reader.post("/v1/events", event(amount=usd(1))), 403, "scope-missing")
