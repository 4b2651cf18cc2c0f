"""People and their own data: asked for in the portal or behind an order's link, answered, fetched by them alone."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from tests.kernel.builders import event, person
from tests.kernel.cases.builders import take
from tests.portal import shops
from tests.portal.shops import Sold, ago
from tests.protections.data_security.people import staff

from safeconduct.kernel.buyer_pages import BUYER, token_of
from safeconduct.kernel.cases import evidence, messages
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.opening import Opening, PartyIn, open_cases
from safeconduct.kernel.cases.words import Role, Source
from safeconduct.kernel.events import bodies as bodies_of_events
from safeconduct.kernel.link_door import handle_of
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import members, ownership
from safeconduct.kernel.parties.invitations import FORGOTTEN
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership, OwnershipClaim, StaffRole, User
from safeconduct.kernel.readings import contacts, defence
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.record import keys, receipts
from safeconduct.kernel.record.receipts import Receipt
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.kernel.vault import key_backup, pseudonyms
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.data_security.dated import DataFault
from safeconduct.protections.data_security.desk_errors import OutOfOrder
from safeconduct.protections.data_security.history import DataStep
from safeconduct.protections.data_security.requests import actions, erasing, gathering, terms
from safeconduct.protections.data_security.requests.models import DataRequest, RequestArchive
from safeconduct.protections.data_security.retention import holds

NOW = shops.NOW
CONTACT = {"email": "Mia@Example.org", "phone": "+49 30 1234567"}
OFFICER = Actor("usr_officer", "lead", "Seen on the telephone.")


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def bought(*, at: datetime | None = None, buyer: str = "buy-9", **data: Any) -> Sold:
    return shops.order(
        at=at or ago(200), **{
            "ship_country": "DE", "buyer": buyer, "email": "mia@example.org", "phone": "+49301234567",
            "address": "Lindenstr. 5, Berlin", "ip": "203.0.113.77", "card": f"fp-{buyer}", "recipient": "Oskar Gift",
            **data,
        }
    )  # fmt: skip


def door(sold: Sold) -> str:
    return f"/data_security/{token_of(sold.key)}/"


def latest() -> DataRequest:
    with staff_scope():
        return DataRequest.objects.select_related("archive").latest("id")


def asks(sold: Sold, kind: str = "access", **fields: str) -> tuple[Client, DataRequest]:
    client = Client()
    answer = client.post(f"{door(sold)}ask/", {"kind": kind, **fields})
    assert answer.status_code == 303, unescape(answer.content.decode())
    return client, latest()


def unpacked(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        raw = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(raw["manifest.json"])
    for one in manifest["files"]:
        assert hashlib.sha256(raw[one["path"]]).hexdigest() == one["sha256"]
    assert {one["path"] for one in manifest["files"]} == set(raw) - {"manifest.json"}
    return {name: json.loads(data) for name, data in raw.items()}


# -- buyers ------------------------------------------------------------------------------------------------------------


def test_a_buyer_shows_who_they_are_and_fetches_everything_about_them_in_one_archive() -> None:
    sold, other = bought(), bought(seller="sel-2")
    stranger = bought(buyer="buy-x", email="eve@example.org", card="fp-eve")
    client, request = asks(sold)
    assert request.due_at - request.asked_at < timedelta(days=31) and request.rule == "eu-gdpr"
    actions.work(NOW)
    assert latest().state == "asked", "nothing is made before it is known who asks"
    here = f"{door(sold)}{request.id}/"
    assert client.post(f"{here}identify/", CONTACT).status_code == 303
    actions.work(NOW)
    assert latest().state == "done"
    link_only = Client().post(f"{here}archive/", {"email": "eve@example.org"})
    assert link_only.status_code == 422 and link_only.headers["Content-Type"].startswith("text/html")
    assert 'value="eve@example.org"' in link_only.content.decode() and "Lindenstr" not in link_only.content.decode()
    answer = client.post(f"{here}archive/", CONTACT)
    assert answer.headers["Content-Type"] == "application/zip" and "no-store" in answer.headers["Cache-Control"]
    found = unpacked(answer.content)
    assert hashlib.sha256(answer.content).hexdigest() == latest().statement["sha256"]
    text = json.dumps(found, ensure_ascii=False)
    assert "Lindenstr. 5, Berlin" in text and "203.0.113.77" in text and sold.ref in text and other.ref in text
    assert "Oskar Gift" not in text, "a recipient may be somebody else"
    assert stranger.ref not in text and "eve@example.org" not in text
    assert found["about.json"] and found["decisions.json"]
    assert {"names_of_others", "thresholds"} <= {one["what"] for one in found["manifest.json"]["left_out"]}
    with staff_scope():
        assert "archive_fetched" in DataStep.objects.filter(subject=request.id).values_list("verb", flat=True)
        sealed = bytes(RequestArchive.objects.get().sealed)
    assert b"Lindenstr" not in sealed and sealed[:2] != b"PK"


def test_an_export_holds_what_the_buyer_gave_and_no_verdicts_about_them() -> None:
    sold = bought()
    client, request = asks(sold, "export")
    client.post(f"{door(sold)}{request.id}/identify/", CONTACT)
    actions.work(NOW)
    found = unpacked(client.post(f"{door(sold)}{request.id}/archive/", CONTACT).content)
    assert "events.json" in found and "decisions.json" not in found and "about.json" not in found


@pytest.mark.parametrize(
    "wrong", [{"email": "eve@example.org", "phone": "+49301234567"}, {"email": "mia@example.org"}, {"phone": "1"}, {}]
)
def test_half_of_the_contact_is_not_enough(wrong: dict[str, str]) -> None:
    sold = bought()
    client, request = asks(sold)
    page = client.post(f"{door(sold)}{request.id}/identify/", wrong, follow=True)
    assert "This is not the contact of the order" in unescape(page.content.decode())
    assert latest().state == "asked" and latest().tries == 1


def test_guessing_ends_after_five_tries_and_a_person_checks_instead() -> None:
    sold = bought()
    client, request = asks(sold)
    here = f"{door(sold)}{request.id}/identify/"
    for _ in range(actions.MOST_TRIES):
        client.post(here, {"email": "eve@example.org"})
    assert "Too many tries" in unescape(client.post(here, CONTACT, follow=True).content.decode())
    assert latest().state == "asked"
    desk = staff(StaffRole.LEAD)
    assert desk.post(f"/console/data_security/requests/{request.id}/identify/", {"reason": ""}).status_code == 422
    assert latest().state == "asked", "how it was checked must be said"
    desk.post(f"/console/data_security/requests/{request.id}/identify/", {"reason": "Knew two past orders."})
    assert latest().identified == "by_staff"


def test_whoever_withdraws_and_asks_anew_or_asks_for_more_has_no_tries_more() -> None:
    sold = bought()
    client, request = asks(sold)
    client.post(f"{door(sold)}ask/", {"kind": "export"})
    for number in range(actions.MOST_TRIES):
        client.post(f"{door(sold)}{latest().id if number % 2 else request.id}/identify/", {"email": "eve@example.org"})
    client.post(f"{door(sold)}{request.id}/withdraw/")
    client.post(f"{door(sold)}ask/", {"kind": "access"})
    assert latest().id != request.id and latest().tries == 0
    with staff_scope():
        waiting = list(DataRequest.objects.filter(state="asked").values_list("id", flat=True))
    assert len(waiting) == 2
    for one in waiting:
        answer = client.post(f"{door(sold)}{one}/identify/", CONTACT, follow=True)
        assert "Too many tries" in unescape(answer.content.decode())
    assert latest().state == "asked" and "A person" in unescape(shops.read(client, door(sold)))


def test_the_same_asked_twice_is_one_request_and_a_wrong_link_leads_nowhere() -> None:
    sold = bought()
    client, request = asks(sold)
    again = client.post(f"{door(sold)}ask/", {"kind": "access"})
    assert again.status_code == 409 and "already" in unescape(again.content.decode())
    with staff_scope():
        assert DataRequest.objects.count() == 1
    assert Client().get("/data_security/forged/").status_code == 404
    other = bought(buyer="buy-x", email="eve@example.org")
    client.post(f"{door(other)}{request.id}/identify/", {"email": "eve@example.org", "phone": "+49301234567"})
    assert latest().state == "asked", "another's link opens nothing"
    assert client.post(f"{door(sold)}ask/", {"kind": "fame"}).status_code == 422
    assert client.post(f"{door(sold)}ask/", {"kind": "correction"}).status_code == 422, "a correction needs words"


def test_the_link_speaks_the_language_of_the_order_and_fits_a_telephone() -> None:
    sold = bought(locale="es-CL")
    text = shops.read(Client(), door(sold))
    assert 'lang="es"' in text and len(text) < 100_000 and "style=" not in text


# -- erasure -----------------------------------------------------------------------------------------------------------


def erased(sold: Sold, now: datetime = NOW) -> DataRequest:
    client, request = asks(sold, "erasure")
    client.post(f"{door(sold)}{request.id}/identify/", CONTACT)
    actions.work(now)
    assert latest().state == "identified", "an erasure waits for a person"
    with staff_scope():
        actions.approve(request.id, OFFICER, at=now)
    actions.work(now)
    return latest()


def test_an_erasure_of_a_finished_order_says_what_stays_why_and_until_when() -> None:
    request = erased(bought(at=ago(24 * 40)))
    kept = {one["what"]: one for one in request.statement["kept"]}
    assert kept["orders"]["why"] == "transaction_records" and kept["payment_defence"]["why"] == "payment_disputes"
    assert request.rest_at == datetime.fromisoformat(kept["payment_defence"]["until"])
    assert known("email", "mia@example.org")


def test_an_order_that_runs_is_carried_out_first_and_what_must_stay_is_restricted_afterwards() -> None:
    sold = bought(recipient="Mia Meyer")
    request = erased(sold)
    assert ("orders", "order_runs") in {(one["what"], one["why"]) for one in request.statement["kept"]}
    assert recipient(sold) == "Mia Meyer", "the parcel must arrive"
    assert request.rest_at == ago(200) + timedelta(days=30, minutes=1)
    actions.work(request.rest_at)
    assert recipient(sold) == "", "its purpose has ended"
    with engine_scope():
        assert "Lindenstr. 5, Berlin" in json.dumps(
            gathering.of_buyer(key_of("buyer", "buy-9")).files, ensure_ascii=False
        )


def test_what_had_to_stay_goes_by_itself_part_by_part_when_its_time_is_over() -> None:
    bought(at=ago(24 * 10), buyer="buy-x", email="eve@example.org", phone="+4930999", card="fp-eve", ip="203.0.113.77")
    sold = bought(at=ago(24 * 40))
    request = erased(sold)
    assert request.rest_at is not None
    actions.work(request.rest_at + timedelta(hours=1))
    assert not known("card", "fp-buy-9") and known("email", "mia@example.org")
    assert known("ip", "203.0.113.77"), "another buyer came from there too"
    assert known("card", "fp-eve")
    second = latest()
    assert second.rest_at is not None and second.statement["gone"]["payment_defence"] > 0
    actions.work(second.rest_at + timedelta(hours=1))
    assert not known("email", "mia@example.org") and not known("buyer", "buy-9") and bodies(sold) == 0
    assert latest().rest_at is None and not latest().statement["kept"]
    assert known("email", "eve@example.org"), "nobody else lost anything"


def test_a_legal_hold_wins_over_an_erasure() -> None:
    sold = bought(at=ago(24 * 365 * 4))
    with staff_scope():
        holds.place("order", sold.ref, "Court order 12 O 34/26", NOW + timedelta(days=90), OFFICER, at=NOW)
    request = erased(sold)
    assert [one["why"] for one in request.statement["kept"]] == ["legal_hold"] and bodies(sold) > 0
    assert request.rest_at == NOW + timedelta(days=90)
    actions.work(NOW + timedelta(days=91))
    assert bodies(sold) == 0


def grounds(basis: str) -> int:
    """How many grounds of this basis keep something."""
    with engine_scope():
        row = query("SELECT count(*) FROM vault_ground WHERE basis = %s AND ended_at IS NULL", [basis]).fetchone()
    assert row is not None
    return int(row[0])


def test_a_hold_that_is_lifted_before_its_day_lets_the_erasure_go_on_at_once() -> None:
    sold = bought(at=ago(24 * 365 * 4))
    with staff_scope():
        hold = holds.place("order", sold.ref, "Court order 12 O 34/26", NOW + timedelta(days=900), OFFICER, at=NOW)
    erased(sold)
    assert grounds(erasing.HELD) > 0
    lifted = NOW + timedelta(days=3)
    with staff_scope():
        holds.end(hold, OFFICER, at=lifted)
    assert actions.work(lifted) == 1
    assert bodies(sold) == 0 and sealed_for(sold) == set() and grounds(erasing.HELD) == 0
    assert not latest().statement["kept"], "nothing waits for the day that the hold would have had"


def test_one_of_two_holds_that_is_lifted_leaves_the_other_in_force() -> None:
    sold = bought(at=ago(24 * 365 * 4))
    shorter = NOW + timedelta(days=60)
    with staff_scope():
        hold = holds.place("order", sold.ref, "Court order 12 O 34/26", NOW + timedelta(days=900), OFFICER, at=NOW)
        holds.place("order", sold.ref, "Another court's order", shorter, OFFICER, at=NOW)
    erased(sold)
    with staff_scope():
        holds.end(hold, OFFICER, at=NOW + timedelta(days=3))
    actions.work(NOW + timedelta(days=3))
    assert bodies(sold) > 0 and latest().rest_at == shorter
    actions.work(shorter)
    assert bodies(sold) == 0


def test_a_case_that_closes_ends_what_was_kept_for_it() -> None:
    sold = bought(at=ago(24 * 365 * 4))
    case_id, _piece = case_of(sold, closed_at=None)
    request = erased(sold)
    assert grounds(erasing.UNFINISHED) > 0 and request.rest_at is not None
    take(case_id, "withdraw", Role.BUYER, NOW)
    actions.work(request.rest_at)
    assert grounds(erasing.UNFINISHED) == 0 and bodies(sold) == 0
    assert ("cases", "open_case") not in {(one["what"], one["why"]) for one in latest().statement["kept"]}


def test_an_old_buyer_is_gone_from_the_database_at_once() -> None:
    sold = bought(at=ago(24 * 365 * 4))
    shops.happen(event("review.posted", at=ago(24 * 365 * 4 - 9), seller="sel-1", buyer="buy-9", review_text="Fresh!"))
    request = erased(sold)
    assert request.state == "done" and request.statement["gone"]["orders"] > 0 and not request.statement["kept"]
    assert request.statement["gone"]["messages_and_reviews"] == 1
    assert not known("buyer", "buy-9") and not known("address", "Lindenstr. 5, Berlin") and bodies(sold) == 0


def recipient(sold: Sold) -> str:
    """The name that the shop's people would be shown for a parcel."""
    with engine_scope():
        found = contacts.opened([sold.key], sold.seller_key, contacts.CONTACT, Scene.CARE, OFFICER, NOW, "lse_1")
    return found[sold.key].values.get("name", "") if sold.key in found else ""


def key_of(kind: str, value: str) -> int:
    with engine_scope():
        key = lookup(kind, value)
    assert key is not None
    return key


def known(kind: str, value: str) -> bool:
    with engine_scope():
        return lookup(kind, value) is not None


def bodies(sold: Sold) -> int:
    with engine_scope():
        row = query(
            "SELECT count(*) FROM event_body b JOIN event e ON e.moment = b.moment WHERE e.order_key = %s", [sold.key]
        ).fetchone()
    assert row is not None
    return int(row[0])


# -- keys and receipts -------------------------------------------------------------------------------------------------


def proofs(request: DataRequest) -> list[Receipt]:
    """The receipts of a request, each checked against the key of the record."""
    with engine_scope():
        notes = receipts.notes(request.statement["receipts"])
        trusted = [key.verifier for key in keys.chain()]
    return [receipts.read(note, trusted) for note in notes.values()]


def test_the_buyer_is_handed_the_signed_receipt_and_every_later_archive_holds_it_too() -> None:
    sold = bought(at=ago(24 * 40))
    request = erased(sold)
    (proof,) = proofs(request)
    assert not proof.destroyed
    stays = {(one.subject, one.purpose): one for one in proof.stays}
    order = stays[f"order/{sold.key}", "event"]
    assert order.basis.startswith("order_data: E-Commerce Law") and order.until > NOW + timedelta(days=900)
    assert (f"order/{sold.key}", "payment_defence") in stays
    buyer = Client()
    page = shops.read(buyer, door(sold))
    here = f"/data_security/{handle_of(token_of(sold.key))}/{request.id}/receipt/"
    assert here in page and "the law wants records of sales kept" in unescape(page)
    found = buyer.get(here)
    with zipfile.ZipFile(io.BytesIO(found.content)) as archive:
        assert archive.read(f"{proof.id}.txt").decode() == proof.note
        assert json.loads(archive.read("erasure.json"))["kept"] == request.statement["kept"]
    assert b"mia" not in found.content.lower()
    client, later = asks(sold)
    client.post(f"{door(sold)}{later.id}/identify/", CONTACT)
    actions.work(NOW)
    archive_of = unpacked(client.post(f"{door(sold)}{later.id}/archive/", CONTACT).content)
    assert archive_of["erasures.json"][0]["receipts"] == [proof.note]
    assert "Lindenstr. 5, Berlin" in json.dumps(archive_of["events.json"], ensure_ascii=False), "theirs still"


def test_a_request_without_an_erasure_has_no_receipt_and_anothers_link_fetches_none() -> None:
    sold, other = bought(at=ago(24 * 40)), bought(buyer="buy-x", email="eve@example.org")
    request = erased(sold)
    assert Client().get(f"{door(other)}{request.id}/receipt/", follow=True).status_code == 404
    _, access = asks(sold)
    assert Client().get(f"{door(sold)}{access.id}/receipt/", follow=True).status_code == 404


def test_the_vault_alone_destroys_what_had_to_stay_when_its_day_has_come() -> None:
    sold = bought(at=ago(24 * 40))
    request = erased(sold)
    kept = {one["what"]: datetime.fromisoformat(one["until"]) for one in request.statement["kept"]}
    with engine_scope():
        assert defence.opened([sold.key], NOW)[sold.key]["ip"] == "203.0.113.77", "a bank may still ask"
    receipts.erase_due(kept["payment_defence"])
    with engine_scope():
        assert defence.opened([sold.key], NOW) == {}
    assert not known("card", "fp-buy-9") and sealed_for(sold) == {"event"}
    receipts.erase_due(kept["orders"])
    assert sealed_for(sold) == set() and bodies(sold) > 0
    actions.work(kept["orders"])
    assert bodies(sold) == 0 and not known("email", "mia@example.org")


def test_a_hold_that_comes_after_the_request_keeps_the_rest_beyond_its_day() -> None:
    sold = bought(at=ago(24 * 40))
    request = erased(sold)
    assert request.rest_at is not None
    week_before, until = request.rest_at - timedelta(days=6), request.rest_at + timedelta(days=90)
    with staff_scope():
        holds.place("order", sold.ref, "Court order 12 O 34/26", until, OFFICER, at=week_before)
    assert actions.work(week_before) == 1
    assert actions.work(week_before) == 0, "once is enough"
    receipts.erase_due(request.rest_at)
    assert sealed_for(sold) == {"event", "payment_defence"} and latest().rest_at == until
    actions.work(until)
    assert sealed_for(sold) == {"event"}


def test_an_old_case_goes_with_its_words_and_a_younger_one_stays_for_both_sides() -> None:
    old, young = bought(at=ago(24 * 365 * 4)), bought(at=ago(24 * 365 * 4))
    (gone, piece), (stays, other) = case_of(old, closed_at=ago(24 * 365 * 3)), case_of(young, closed_at=ago(24 * 100))
    request = erased(old)
    assert request.statement["gone"]["closed_cases"] == 1
    assert [one["what"] for one in request.statement["kept"]] == ["closed_cases", "orders"]
    with engine_scope():
        said = {key: one.words for key, one in messages.between([gone, stays], [Role.BUYER])}
        assert said == {gone: "This message was erased.", stays: "Mia Meyer, Lindenstr. 5"}
        assert set(evidence.contents([piece, other])) == {other}
        assert query("SELECT id FROM case_evidence WHERE shredded_at IS NOT NULL").fetchall() == [(piece,)]


def test_while_a_case_is_open_nothing_of_its_order_is_touched() -> None:
    sold = bought(at=ago(24 * 365 * 4))
    case_of(sold, closed_at=None)
    request = erased(sold)
    assert [(one["what"], one["why"]) for one in request.statement["kept"]] == [("cases", "open_case")]
    assert sealed_for(sold) == {"event"} and bodies(sold) > 0 and known("email", "mia@example.org")
    assert request.rest_at == NOW + timedelta(days=30)


def test_an_older_backup_of_the_keys_brings_nothing_of_an_erased_buyer_back(tmp_path: Path) -> None:
    sold = bought(at=ago(24 * 365 * 4))
    with engine_scope():
        rows = query("SELECT e.id, b.sealed, b.moment FROM event_body b JOIN event e USING (moment)").fetchall()
        entities = query("SELECT * FROM pseudonym").fetchall()
    key_backup.backup(tmp_path / "keys.jsonl", now=NOW)
    erased(sold)
    with engine_scope():  # data and key store are restored from before the erasure
        query("DELETE FROM vault_key")
        query("DELETE FROM vault_salt")
    key_backup.restore(tmp_path / "keys.jsonl")
    with engine_scope():
        query("DELETE FROM pseudonym")
        for row in entities:
            query("INSERT INTO pseudonym VALUES (%s, %b, %s, %b, %b)", row)
        for _id, sealed, moment in rows:
            query("INSERT INTO event_body (moment, sealed) VALUES (%s, %b) ON CONFLICT DO NOTHING", [moment, sealed])
        pseudonyms.forget()
    of_order = {event_id for event_id, _sealed, moment in rows if moment in moments_of(sold)}
    with engine_scope():
        assert set(bodies_of_events.read(of_order)) == of_order, "it is back"
    assert known("email", "mia@example.org")
    assert receipts.reapply_all() > 0
    with engine_scope():
        assert bodies_of_events.read(of_order) == {}
        assert not set(pseudonyms.reveal(row[2] for row in entities).values()) & {
            ("email", "mia@example.org"), ("buyer", "buy-9"), ("card", "fp-buy-9"), ("ip", "203.0.113.77"),
            ("address", "Lindenstr. 5, Berlin"), ("phone", "+49301234567"),
        }  # fmt: skip
    assert not known("email", "mia@example.org") and not known("buyer", "buy-9")


def case_of(sold: Sold, *, closed_at: datetime | None) -> tuple[str, str]:
    """A case about an order in which the buyer wrote and brought something; its id and that of the evidence."""
    opening = Opening(
        f"dispute/{sold.ref}", "dispute", sold.seller_key,
        (PartyIn(Role.BUYER, key_of("buyer", "buy-9"), "Europe/Berlin", "DE", "en"), PartyIn(Role.SELLER, sold.seller_key)),
        BUYER, Role.BUYER, order_key=sold.key, amount_minor=100, currency="USD",
        facts={"type": "not_received"},
    )  # fmt: skip
    with engine_scope():
        (case_id,) = open_cases([opening], at=ago(24 * 365 * 3.5))
        messages.say(case_id, BUYER, Role.BUYER, "Mia Meyer, Lindenstr. 5", at=NOW)
        piece = Piece(
            EvidenceKind.BUYER_STATEMENT, Source.BUYER, b"It never came. Mia", sold.seller_key, NOW, {"en": "Lost"},
            Role.BUYER, case_id=case_id,
        )  # fmt: skip
        (evidence_id,) = evidence.collect([piece], BUYER, at=NOW)
    if closed_at is not None:
        take(case_id, "withdraw", Role.BUYER, closed_at)
    return case_id, evidence_id


def sealed_for(sold: Sold) -> set[str]:
    """For which purposes an order still has a key."""
    with engine_scope():
        rows = query("SELECT purpose FROM vault_key WHERE subject = %s", [f"order/{sold.key}"])
        return {purpose for (purpose,) in rows}


def moments_of(sold: Sold) -> set[int]:
    with engine_scope():
        return {moment for (moment,) in query("SELECT moment FROM event WHERE order_key = %s", [sold.key])}


# -- members -----------------------------------------------------------------------------------------------------------


def test_a_member_asks_follows_and_fetches_in_the_portal_and_nobody_else_can() -> None:
    person = shops.member()
    client, colleague = Client(), shops.signed_in()
    client.force_login(person)
    with engine_scope():
        ownership.by_member(shops.seller_key(), person, "partner", "I founded it in 2019.", at=NOW)
    assert client.post("/portal/data_security/my-data/ask/", {"kind": "access"}).status_code == 303
    request = latest()
    assert request.identified == "signed_in"
    actions.work(NOW)
    page = shops.read(client, "/portal/data_security/my-data/")
    assert "Fetch the archive" in page and len(page) < 100_000
    here = f"/portal/data_security/my-data/{request.id}/archive/"
    found = unpacked(client.get(here).content)
    assert found["account.json"][0]["email"] == person.email and found["shops.json"][0]["role"] == "owner"
    assert found["claims_to_shops.json"][0]["words"] == "I founded it in 2019." and not found["papers_of_claims.json"]
    assert colleague.get(here).status_code == 404
    assert "Fetch the archive" not in shops.read(colleague, "/portal/data_security/my-data/")
    assert client.post("/portal/data_security/my-data/ask/", {"kind": "fame"}).status_code == 422


def test_what_came_by_letter_is_entered_by_the_staff_and_due_since_the_day_it_came() -> None:
    sold, desk, new = bought(), staff(StaffRole.LEAD), "/console/data_security/requests/new/"
    day = (NOW - timedelta(days=10)).date()
    given = {"order": sold.ref, "kind": "access", "came_on": day.isoformat(), "words": "I am Mia Roth, send me all."}
    for wrong in (
        {"order": "nothing"}, {"order": ""}, {"email": "mia@example.org"}, {"kind": "fame"}, {"came_on": "1999-01-01"},
        {"came_on": (NOW + timedelta(days=3)).date().isoformat()}, {"kind": "correction", "words": ""},
    ):  # fmt: skip
        assert desk.post(new, {**given, **wrong}).status_code == 422, wrong
    assert desk.post(new, given).status_code == 303
    request = latest()
    assert (request.asked_at.date(), request.state, request.rule) == (day, "asked", "eu-gdpr")
    assert request.due_at - NOW < timedelta(days=22), "ten days are over already"
    here = f"/console/data_security/requests/{request.id}/"
    assert "I am Mia Roth" in shops.read(desk, here)
    actions.work(NOW)
    assert latest().state == "asked", "nothing is made before it is known who asks"
    desk.post(f"{here}identify/", {"reason": "Called back on the number of the order."})
    actions.work(NOW)
    assert latest().state == "done" and latest().statement["files"]["events"] > 0
    assert desk.post(new, {**given, "kind": "access"}).status_code == 303, "answered, and asked for again"


def test_somebody_who_cannot_get_in_any_more_asks_by_letter_and_is_erased() -> None:
    person, desk, new = shops.member(), staff(StaffRole.LEAD), "/console/data_security/requests/new/"
    given = {"kind": "erasure", "came_on": NOW.date().isoformat()}
    assert desk.post(new, {**given, "email": "nobody@example.org"}).status_code == 422
    with staff_scope():
        Membership.objects.filter(person=person).update(ended_at=NOW)
    assert desk.post(new, {**given, "email": person.email.upper()}).status_code == 303
    request = latest()
    assert (request.person_id, request.state) == (person.id, "asked")
    here = f"/console/data_security/requests/{request.id}/"
    assert desk.post(f"{here}approve/").status_code == 422 and latest().state == "asked", "not before the check"
    desk.post(f"{here}identify/", {"reason": "Knew the shop and the day they left."})
    desk.post(f"{here}approve/")
    actions.work(NOW + timedelta(minutes=1))
    with staff_scope():
        assert User.objects.get(id=person.id).email.endswith("@erased.invalid")


def test_a_correction_is_answered_in_words_that_the_member_reads() -> None:
    client = shops.signed_in()
    client.post("/portal/data_security/my-data/ask/", {"kind": "correction", "words": "I am called Soto, not Sota."})
    desk = staff(StaffRole.LEAD)
    here = f"/console/data_security/requests/{latest().id}/"
    assert "I am called Soto" in shops.read(desk, here) and "Data requests" in shops.read(desk, here)
    assert "Correct my data" in shops.read(desk, "/console/data_security/requests/")
    assert desk.post(f"{here}answer/", {"reason": "The name is corrected."}).status_code == 303
    assert "The name is corrected." in shops.read(client, "/portal/data_security/my-data/")
    assert "Correct my data" in shops.read(desk, "/console/data_security/requests/?show=answered")
    assert desk.post(f"{here}fly/").status_code == 404


def test_the_clock_is_extended_once_with_a_reason_and_a_late_answer_is_noted_once() -> None:
    client, officer = shops.signed_in(), person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        User.objects.filter(staff_role="").update(language="en")
    client.post("/portal/data_security/my-data/ask/", {"kind": "erasure"})
    request = latest()
    with staff_scope():
        DataRequest.objects.filter(id=request.id).update(rule="eu-gdpr")
        actions.extend(request.id, Actor("usr_officer", "lead", "Many requests at once."), at=NOW)
    assert latest().due_at - request.due_at >= timedelta(days=60)
    with staff_scope(), pytest.raises(OutOfOrder, match="once"):
        actions.extend(request.id, OFFICER, at=NOW)
    assert "Many requests at once." in unescape(shops.read(client, "/portal/data_security/my-data/"))
    for moment in (latest().due_at - timedelta(days=3), *[latest().due_at + timedelta(seconds=1)] * 2):
        actions.work(moment)
    with staff_scope():
        assert DataStep.objects.filter(subject=request.id, verb="request_overdue").count() == 1
        told = StoredNotice.objects.filter(code="data_request.due").order_by("id")
        assert [(one.person_id, one.values["level"]) for one in told] == [(officer.id, "near"), (officer.id, "over")]


def test_a_member_who_left_is_erased_but_what_guards_the_shop_stays_its_time() -> None:
    judge = person(StaffRole.LEAD)
    member, _other = shops.member(), shops.member()
    client = Client()
    client.force_login(member)
    client.post("/portal/data_security/my-data/ask/", {"kind": "erasure"})
    request = latest()
    with staff_scope():
        EmailAddress.objects.create(user=member, email=member.email, primary=True)
        members.invite_member(member.email, shops.seller_key("sel-2"), MemberRole.FINANCE, None, at=NOW)
        actions.approve(request.id, OFFICER, at=NOW)
    with engine_scope():
        ownership.by_member(shops.seller_key(), member, "partner", "I founded it in 2019.", at=NOW)
    actions.work(NOW)
    kept = {one["what"]: one["why"] for one in latest().statement["kept"]}
    assert kept.keys() == {"account", "acts", "sign_in_origins", "claims_to_shops"}
    assert kept["claims_to_shops"] == "open_case"
    assert not latest().statement["receipts"], "nothing of theirs has ended"
    with staff_scope():
        (membership,) = Membership.objects.filter(person=member)
        Membership.objects.filter(id=membership.id).update(ended_at=NOW)
        DataRequest.objects.filter(id=request.id).update(rest_at=NOW)
        claim = OwnershipClaim.objects.get()
        ownership.decide(claim.id, "shop", "The contract ended years ago.", judge, at=NOW)
    actions.work(NOW + timedelta(hours=1))
    kept = {one["what"]: one["until"] for one in latest().statement["kept"]}
    assert kept["claims_to_shops"] > (NOW + timedelta(days=700)).isoformat()
    with staff_scope():
        gone = User.objects.get(id=member.id)
        assert not EmailAddress.objects.filter(user=gone).exists()
        assert not query("SELECT FROM mail_former_address WHERE person_id = %s", [gone.id]).fetchall()
        assert Invitation.objects.get().email == FORGOTTEN
    assert gone.email == f"{member.id}@erased.invalid" and not gone.name and not gone.is_active
    (proof,) = proofs(latest())
    assert {(one.subject, one.purpose) for one in proof.stays} == {(f"person/{member.id}", "sign-in-session")}
    until = latest().rest_at
    assert until is not None
    actions.work(until)
    assert [one.subject for one in proofs(latest())[-1].destroyed] == [f"person/{member.id}"]


# -- data --------------------------------------------------------------------------------------------------------------


def test_the_strictest_rule_of_a_place_counts_and_everywhere_has_one() -> None:
    on = datetime(2026, 11, 29, tzinfo=UTC).date()
    assert terms.rule_for("FR", on).id == "eu-gdpr" and terms.rule_for("BR", on).id == "br-lgpd"
    assert terms.rule_for("US-CA", on).id == "us-ccpa" and terms.rule_for("US", on).id == "house"
    assert terms.rule_for("", on).id == "house"
    with pytest.raises(DataFault, match="x: term is missing"):
        terms.load("- {id: x, law: a, places: [DE], since: 2026-01-01, source: b, sure: house}")
    with pytest.raises(DataFault, match="x: places is missing"):
        terms.load("- {id: x, law: a, term: 3 days, since: 2026-01-01, source: b, sure: house}")
