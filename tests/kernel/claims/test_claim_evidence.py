"""One file of evidence for all channels of a claim."""

from __future__ import annotations

import pytest
from tests.kernel.cases.builders import SELLER
from tests.kernel.cases.builders import opened as case_opened
from tests.kernel.cases.conftest import neutral_protection as neutral_protection  # its cases, in this house too
from tests.kernel.claims.claims_world import ACTOR, ORDER, START, days, join, opened, paid

from safeconduct.kernel.cases import evidence
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.files import fact
from safeconduct.kernel.cases.words import Role, Source
from safeconduct.kernel.claims import actions, queries
from safeconduct.kernel.claims.errors import NoSuchClaim
from safeconduct.kernel.claims.words import ChannelKind
from safeconduct.kernel.scope import engine_scope, seller_scope


def brought(case_id: str, grams: int) -> str:
    piece = Piece(
        EvidenceKind.OUTBOUND_WEIGHT, Source.CARRIER, fact({"grams": grams}), SELLER, START,
        {"en": f"{grams} g at the counter"}, given_by=Role.SELLER, case_id=case_id,
    )  # fmt: skip
    with engine_scope():
        return evidence.collect([piece], ACTOR, at=START)[0]


def test_what_one_channel_brings_every_channel_has() -> None:
    paid(seller=SELLER)
    claim = opened(seller=SELLER)
    dispute, returned = case_opened(order_key=ORDER), case_opened(order_key=ORDER)
    first = brought(dispute, 5_000)
    join(claim, ChannelKind.PLATFORM_DISPUTE, case_id=dispute)
    join(claim, ChannelKind.RETURN, case_id=returned)
    second = brought(returned, 300)
    with engine_scope():
        assert set(actions.share_evidence(claim, ACTOR, at=days(3))) == {first, second}
    with engine_scope():
        assert set(actions.share_evidence(claim, ACTOR, at=days(3))) == {first, second}
    for case_id in (dispute, returned):
        with seller_scope(SELLER):
            assert {piece.id for piece in evidence.of_case(case_id)} == {first, second}
    with seller_scope(SELLER):
        assert {piece.id for piece in queries.evidence_of(claim)} == {first, second}


def test_a_claim_that_is_not_there_has_no_evidence() -> None:
    with pytest.raises(NoSuchClaim), engine_scope():
        actions.share_evidence("clm_none", ACTOR, at=START)
