"""Evidence: taken in once, seen by whom it is for, and never alone in a dark corner."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import override_settings
from PIL import Image
from tests.kernel.cases.builders import SELLER, START, case, decision, opened, seated, take
from tests.kernel.cases.test_files import png

from safeconduct.kernel.cases import evidence
from safeconduct.kernel.cases.errors import CaseMalformed, EvidenceRefused, NoSuchEvidence
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import PAYPAL, STRIPE, EvidenceKind
from safeconduct.kernel.cases.files import cleaned, fact
from safeconduct.kernel.cases.grounds import GROUNDS, PAYPAL_ADJUDICATIONS, Ground
from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.cases.record_payload import evidence_contents, outcome_contents
from safeconduct.kernel.cases.words import Role, Source, Visibility
from safeconduct.kernel.scope import Actor, engine_scope, query, seller_scope, staff_scope

ME = Actor("usr_seller", "seller")
TEXT = b"The parcel was whole when it left."


def brought(case_id: str, *, content: Any = TEXT, role: Role = Role.SELLER, **changes: Any) -> str:
    fields: dict[str, Any] = {
        "kind": EvidenceKind.SELLER_STATEMENT, "source": Source.SELLER, "content": content, "seller_key": SELLER,
        "captured_at": START, "gist": {"en": "What the seller says"}, "given_by": role, "case_id": case_id, **changes,
    }  # fmt: skip
    with engine_scope():
        (key,) = evidence.collect([Piece(**fields)], ME, at=START)
    return key


def bytes_of(case_id: str, key: str, role: Role) -> bytes:
    with engine_scope():
        return b"".join(evidence.read(case_id, key, role, None, at=START)[1])


def test_what_is_taken_in_comes_out_the_same_and_lies_there_sealed() -> None:
    case_id = opened()
    key = brought(case_id)
    assert bytes_of(case_id, key, Role.BUYER) == TEXT
    with engine_scope():
        (sealed,) = query("SELECT sealed FROM case_evidence_chunk").fetchone() or (b"",)
    assert TEXT not in bytes(sealed)


def test_the_same_bytes_twice_are_one_piece() -> None:
    case_id = opened()
    assert brought(case_id) == brought(case_id)
    assert brought(case_id, kind=EvidenceKind.OTHER) != brought(case_id)


def test_a_person_stores_so_much_over_all_their_cases_and_is_told_what_makes_room() -> None:
    with override_settings(FILES_PER_PERSON=2):
        first, second = brought(opened()), brought(opened())
        with pytest.raises(EvidenceRefused, match="2 files with 0 MB; one person may have 2 files"):
            brought(opened())
        assert first != second
        with engine_scope():
            query("UPDATE case_evidence SET shredded_at = %s WHERE id = %s", [START, first])
        brought(opened())


def test_bytes_of_a_person_are_bounded_together_and_the_engine_and_machines_are_not_counted() -> None:
    half = TEXT + b"." * 600_000
    with override_settings(FILE_MB_PER_PERSON=1):
        brought(opened(), content=half)
        with pytest.raises(EvidenceRefused, match="10000 files and 1 MB"):
            brought(opened(), content=half + b"!")
        for machine in ("engine", "key_1", "buyer/link"):
            with engine_scope():
                evidence.collect(
                    [
                        Piece(EvidenceKind.OTHER, Source.PLATFORM, half + machine.encode(), SELLER, START,
                              {"en": "what a machine brings"}, case_id=opened()),
                    ],
                    Actor(machine, "machine"), at=START,
                )  # fmt: skip


def test_two_files_of_one_person_at_one_instant_do_not_both_take_the_last_place() -> None:
    cases, came = [opened(), opened()], threading.Barrier(2)

    def bring(case_id: str) -> str:
        came.wait()
        try:
            return brought(case_id)
        except EvidenceRefused:
            return "refused"

    with override_settings(FILES_PER_PERSON=1), ThreadPoolExecutor(2) as hands:
        found = list(hands.map(bring, cases))
    assert found.count("refused") == 1


def test_what_was_collected_at_the_sale_is_an_exhibit_of_every_case_about_the_order() -> None:
    with engine_scope():
        evidence.collect(
            [
                Piece(EvidenceKind.LISTING_SNAPSHOT, Source.PLATFORM, fact({"title": "Cherries"}), SELLER, START,
                      {"en": "The listing as it was sold"}, order_key=9),
                Piece(EvidenceKind.OUTBOUND_WEIGHT, Source.CARRIER, fact({"grams": 5000}), SELLER, START,
                      {"en": "5 kg at the counter"}, order_key=9),
            ],
            Actor("engine", "engine"), at=START,
        )  # fmt: skip
    for case_id in (opened(order_key=9), opened(order_key=9)):
        with staff_scope():
            assert {piece.kind for piece in evidence.of_case(case_id)} == {"listing_snapshot", "outbound_weight"}
    with staff_scope():
        assert evidence.of_case(opened(order_key=10)) == []


@pytest.mark.parametrize(
    ("visibility", "given_by", "seller_opens", "buyer_opens"),
    [
        (Visibility.BOTH, Role.BUYER, True, True),
        (Visibility.GIST, Role.BUYER, False, True),
        (Visibility.GIST, Role.SELLER, True, False),
        (Visibility.ADJUDICATOR, Role.ENGINE, False, False),
    ],
)
def test_each_class_is_opened_by_whom_it_is_for(
    visibility: Visibility, given_by: Role, seller_opens: bool, buyer_opens: bool
) -> None:
    case_id = opened()
    key = brought(case_id, role=given_by, visibility=visibility)
    for role, opens in ((Role.SELLER, seller_opens), (Role.BUYER, buyer_opens), (Role.ARBITER, True)):
        if opens:
            assert bytes_of(case_id, key, role) == TEXT
        else:
            with pytest.raises(NoSuchEvidence):
                bytes_of(case_id, key, role)
    # The database withholds the bytes as well, whatever role a program claims; the gist is for everyone in the case.
    with seller_scope(SELLER):
        (count,) = query("SELECT count(*) FROM case_evidence_chunk").fetchone() or (0,)
        assert count == int(seller_opens)
        assert Evidence.objects.get().gist == {"en": "What the seller says"}


def test_no_outcome_rests_alone_on_what_no_party_has_seen() -> None:
    case_id = opened()
    dark = brought(case_id, role=Role.ENGINE, visibility=Visibility.ADJUDICATOR)
    light = brought(case_id)
    take(case_id, "contest", Role.SELLER)
    take(case_id, "done", Role.SELLER)
    take(case_id, "done", Role.BUYER)
    arbiter = seated(case_id, Role.ARBITER)
    with pytest.raises(CaseMalformed, match="no party has seen"):
        take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(considered=(dark,)))
    take(case_id, "decide", Role.ARBITER, who=arbiter.id, outcome=decision(considered=(dark, light)))
    assert case(case_id).status == "decided"
    with pytest.raises(psycopg.errors.IntegrityError, match="no party has seen"), staff_scope():
        query(
            "INSERT INTO case_outcome SELECT (jsonb_populate_record(o, jsonb_build_object('id', 'out_x', 'considered',"
            " jsonb_build_array(%s::text)))).* FROM case_outcome o WHERE case_id = %s",
            [dark, case_id],
        )


def test_evidence_never_changes() -> None:
    key = brought(opened())
    for statement in ("UPDATE case_evidence SET sha256 = ''", "DELETE FROM case_evidence",
                      "UPDATE case_evidence_chunk SET sealed = ''", "DELETE FROM case_exhibit"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
            query(statement)
    with engine_scope():
        assert evidence.shred([key], at=START) == 1
        assert evidence.shred([key], at=START) == 0
    with pytest.raises(psycopg.errors.IntegrityError), engine_scope():
        query("UPDATE case_evidence SET shredded_at = NULL")


def test_shredded_evidence_is_gone_and_known_to_have_been() -> None:
    case_id = opened()
    key = brought(case_id)
    with engine_scope():
        evidence.shred([key], at=START)
    with pytest.raises(NoSuchEvidence):
        bytes_of(case_id, key, Role.ARBITER)
    with staff_scope():
        assert [piece.shredded_at for piece in evidence.of_case(case_id)] == [START]


def test_a_large_file_is_kept_in_pieces_and_served_as_an_attachment() -> None:
    case_id = opened()
    into = io.BytesIO()
    Image.effect_noise((1700, 1500), 100).save(into, "PNG")
    key = brought(case_id, content=into.getvalue(), kind=EvidenceKind.OUTBOUND_PHOTO)
    assert bytes_of(case_id, key, Role.BUYER) == cleaned(into.getvalue()).data
    with staff_scope():
        piece = Evidence.objects.get(id=key)
    assert piece.chunks == 3
    said = evidence.headers(piece)
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["Content-Disposition"] == f'attachment; filename="outbound_photo-{key}.png"'


def test_what_cannot_be_evidence_here_is_refused() -> None:
    case_id = opened()
    with pytest.raises(EvidenceRefused):
        brought(case_id, content=b"MZ\x90\0")
    with pytest.raises(CaseMalformed, match="never sees"):
        brought(case_id, visibility=Visibility.ADJUDICATOR)
    with pytest.raises(CaseMalformed, match="gist"):
        brought(case_id, gist={"en": " "})
    with pytest.raises(NoSuchEvidence):
        brought(case_id, seller_key=SELLER + 1)
    take(case_id, "accept", Role.SELLER)
    with pytest.raises(CaseMalformed, match="closed"):
        brought(case_id)


def test_another_sellers_evidence_is_not_brought_in() -> None:
    theirs = opened(seller_key=SELLER + 1)
    key = brought(theirs, seller_key=SELLER + 1)
    with pytest.raises(NoSuchEvidence), engine_scope():
        evidence.exhibit(opened(), [key], ME, at=START)


def test_the_record_commits_to_hashes_and_withholds_those_of_what_a_party_may_not_open() -> None:
    case_id = opened()
    open_one = brought(case_id)
    dark = brought(case_id, content=png(), role=Role.ENGINE, visibility=Visibility.ADJUDICATOR)
    with engine_scope():
        found = evidence_contents([open_one, dark])
        assert {"sha256", "received_sha256"} <= found[open_one].shown.keys()
        assert "sha256" not in found[dark].shown
        assert (found[dark].withheld or {}).keys() == {"sha256", "received_sha256"}
        leaves = query("SELECT subject, body FROM leaf WHERE kind = 'evidence' ORDER BY id").fetchall()
    assert [subject for subject, _ in leaves] == [open_one, dark]
    assert all("sha" not in json.dumps(body) for _, body in leaves)


def test_the_record_commits_to_outcomes_and_shows_a_party_what_it_was_told() -> None:
    case_id = opened()
    take(case_id, "accept", Role.SELLER)
    with engine_scope():
        (key,) = query("SELECT id FROM case_outcome").fetchone() or ("",)
        content = outcome_contents([key])[key]
    assert content.shown["told"]["en"] == "The seller agreed."
    assert "facts" in (content.withheld or {})


def test_every_kind_of_evidence_of_stripe_and_paypal_is_one_of_ours(shared_data: Path) -> None:
    paypal = json.loads((shared_data / "paypal_dispute_terms.json").read_text())["evidence/properties/evidence_type"]
    stripe = json.loads((shared_data / "stripe_fixtures_subset.json").read_text())["dispute"]["evidence"]
    assert set(paypal) == PAYPAL.keys() and len(PAYPAL) == 71
    assert set(stripe) == STRIPE.keys()


def test_every_reason_of_paypals_adjudication_is_one_of_our_grounds_and_each_ground_has_words(
    shared_data: Path,
) -> None:
    told = json.loads((shared_data / "paypal_dispute_terms.json").read_text())["adjudication_reason"]
    assert set(told) == PAYPAL_ADJUDICATIONS.keys() and len(PAYPAL_ADJUDICATIONS) == 116
    assert GROUNDS.keys() == set(Ground) and len({str(words) for words in GROUNDS.values()}) == len(Ground)
    # Whatever PayPal found with "no" or "invalid" is none of those that say it was done.
    done = {Ground.DELIVERED, Ground.RETURNED, Ground.REFUND_PROVED, Ground.PROOF_ACCEPTED}
    assert not [name for name, ground in PAYPAL_ADJUDICATIONS.items() if "INVALID" in name and ground in done]
