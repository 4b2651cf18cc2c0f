"""What sellers and the shop's systems are told of a case that is with an outside body: rows of the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.kernel.cases import buyer_telling
from safeconduct.kernel.cases.outside_models import Referral
from safeconduct.kernel.cases.telling import url_of
from safeconduct.kernel.cases.words import Finding, Followed, ReferralState, Role
from safeconduct.kernel.cases.workflow import LANGUAGES, Sentence, Workflow
from safeconduct.kernel.notices.outbox import Message, MessageKind, Notice, notify, publish

Told = tuple[Referral, Mapping[str, Any], Workflow]
"""A referral with its body, the row of its case, and the case's workflow."""


def tell(referrals: Sequence[Told], at: datetime) -> None:
    """A notice to each seller and a message to the shop's systems: where the case stands with the body now."""
    notify([_notice(made, case, workflow, at) for made, case, workflow in referrals])
    publish([_message(made, case, at) for made, case, _workflow in referrals])
    for made, case, workflow in referrals:
        if made.referred_role == Role.BUYER:
            state = state_of(made, Role.BUYER)
            buyer_telling.outside(case, workflow.title, made.body.name, state, _key(made), at)


def state_of(made: Referral, reader: Role = Role.SELLER) -> Sentence:
    """Where a case stands with its body, in words to a party that need no other."""
    if made.state == ReferralState.ENDED:
        return _ENDED
    if made.state == ReferralState.ANSWERED:
        if made.followed:
            return _FOLLOWED[Followed(made.followed)]
        found = Finding(made.found)
        return _FOUND[_OTHER_SIDE.get(found, found) if reader is Role.BUYER else found]
    if made.late_at is not None:
        return _LATE
    if made.extended_at is not None:
        return _EXTENDED
    return _REFERRED if made.engaged_at is None else _ENGAGED


def _notice(made: Referral, case: Mapping[str, Any], workflow: Workflow, at: datetime) -> Notice:
    values = {
        "case": made.case_id, "kind": dict(workflow.title), "body": dict.fromkeys(LANGUAGES, made.body.name),
        "state": dict(state_of(made)),
        "due_at": made.due_at if made.state == ReferralState.REFERRED and made.late_at is None else None,
    }  # fmt: skip
    return Notice(
        _key(made), "case.outside", {name: value for name, value in values.items() if value is not None}, at,
        seller_key=made.seller_key, url=url_of(case["kind"], made.case_id),
    )  # fmt: skip


def _message(made: Referral, case: Mapping[str, Any], at: datetime) -> Message:
    data = {
        "case": made.case_id, "kind": case["kind"], "referral": made.id, "body": made.body.name, "url": made.body.url,
        "by": made.referred_role, "state": made.state, "due_at": made.due_at,
        "late": made.late_at is not None, "found": made.found or None,
        "followed": made.followed or None,
    }  # fmt: skip
    return Message(_key(made), MessageKind.CASE_REFERRED, data, at, seller_key=made.seller_key)


def _key(made: Referral) -> str:
    """One for each thing that can come of a referral, so that the same is told once."""
    marks = (made.engaged_at, made.extended_at, made.late_at, made.answered_at, made.followed, made.closed_at)
    return f"{made.id}/{''.join('1' if mark else '0' for mark in marks)}"


_REFERRED: Final[Sentence] = {
    "en": "taken to the outside body", "zh": "已提请外部机构", "es": "llevado al organismo externo",
}  # fmt: skip
_ENGAGED: Final[Sentence] = {
    "en": "the marketplace takes part before the outside body", "zh": "平台已参与外部机构程序",
    "es": "el mercado participa ante el organismo externo",
}  # fmt: skip
_EXTENDED: Final[Sentence] = {
    "en": "the outside body takes more time", "zh": "外部机构延长期限", "es": "el organismo externo amplía su plazo",
}  # fmt: skip
_LATE: Final[Sentence] = {
    "en": "the outside body has not answered in time", "zh": "外部机构逾期未答复",
    "es": "el organismo externo no respondió a tiempo",
}  # fmt: skip
_ENDED: Final[Sentence] = {
    "en": "ended without an answer of the outside body", "zh": "外部机构未作答复即终止",
    "es": "terminado sin respuesta del organismo externo",
}  # fmt: skip
_OTHER_SIDE: Final[Mapping[Finding, Finding]] = {
    Finding.FOR_SELLER: Finding.AGAINST_SELLER, Finding.AGAINST_SELLER: Finding.FOR_SELLER,
}  # fmt: skip
_FOUND: Final[Mapping[Finding, Sentence]] = {
    Finding.FOR_SELLER: {
        "en": "the outside body found for you", "zh": "外部机构支持您", "es": "el organismo externo le dio la razón",
    },
    Finding.PARTLY: {
        "en": "the outside body found for you in part", "zh": "外部机构部分支持您",
        "es": "el organismo externo le dio la razón en parte",
    },
    Finding.AGAINST_SELLER: {
        "en": "the outside body found against you", "zh": "外部机构未支持您",
        "es": "el organismo externo no le dio la razón",
    },
}  # fmt: skip
_FOLLOWED: Final[Mapping[Followed, Sentence]] = {
    Followed.FOLLOWED: {
        "en": "the marketplace followed the outside body with a new decision", "zh": "平台已依外部机构意见作出新决定",
        "es": "el mercado siguió al organismo externo con una nueva decisión",
    },
    Followed.NOT_FOLLOWED: {
        "en": "the marketplace does not follow the outside body, and says why",
        "zh": "平台不采纳外部机构意见，并说明理由",
        "es": "el mercado no sigue al organismo externo y dice por qué",
    },
}  # fmt: skip
