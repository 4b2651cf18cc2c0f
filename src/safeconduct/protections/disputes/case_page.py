"""What the pages of a dispute show, for whoever reads it: rows that templates draw, in the reader's language."""

from __future__ import annotations

from typing import Any, Final

from safeconduct.kernel.case_pages import drawn
from safeconduct.kernel.cases import messages
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.grounds import GROUNDS, Ground
from safeconduct.kernel.cases.kind_words import KINDS
from safeconduct.kernel.cases.models import Evidence, Step, StoredOutcome
from safeconduct.kernel.cases.telling import two_people
from safeconduct.kernel.cases.titles import title_of
from safeconduct.kernel.cases.words import Liability, OfferState, Remedy, Role, Source, Standing, Turn
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.ui import formats
from safeconduct.kernel.ui.parts import Moment
from safeconduct.protections.disputes.burden import Need
from safeconduct.protections.disputes.reading import View
from safeconduct.protections.disputes.words import LIABILITIES, OFFERS, REMEDIES, ROLES, SOURCES, STANDINGS, TURNS

_NEEDS = {Need.REQUIRED: "warn", Need.MOST: "info", Need.HELPS: ""}


def context_of(view: View, language: str) -> dict[str, Any]:
    """Everything but the forms."""
    found = view.help
    return {
        "view": view, "dispute": view.dispute, "case": view.case, "clock": view.clock,
        "title": spoken(found.burden.title, language), "turn": TURNS.get(Turn(view.turn)) if view.turn else None,
        "stops": drawn(view.stops, view.workflow, view.past, view.clock, language),
        "rule": spoken(found.burden.rule, language), "proves": ROLES[found.proves],
        "source": found.source, "version": view.workflow.version,
        "matrix": [
            {
                "shows": spoken(row.wanted.shows, language), "of": ROLES[row.wanted.of], "need": row.wanted.need,
                "tone": _NEEDS[row.wanted.need], "kind": row.wanted.kind.value,
                "pieces": [_piece(view, piece, language) for piece in row.there],
            }
            for row in found.rows
        ],
        "beside": [_piece(view, piece, language) for piece in found.beside],
        "number_of_pieces": len(view.pieces), "percent": found.percent,
        "gaps": [spoken(gap.shows, language) for gap in found.gaps],
        "most": spoken(found.most.shows, language) if found.most else "",
        "ready": messages.choices(view.role, language),
        "conversation": _conversation(view, language), "history": _history(view, language),
        "outcomes": [outcome_of(outcome, language) for outcome in view.outcomes],
        "pauses": [spoken(pause.why, language) for pause in view.pauses],
        "waits": view.open_offer and _offer(view, view.open_offer, language),
    }  # fmt: skip


def offer_text(remedy: Remedy, amount_minor: int | None, currency: str, language: str) -> str:
    """An offer in words."""
    name = str(REMEDIES[remedy])
    return name if amount_minor is None else f"{name}: {formats.money(amount_minor, currency, language)}"


def outcome_of(outcome: StoredOutcome, language: str) -> dict[str, Any]:
    """An outcome: its three answers and what the parties are told of the reasons."""
    remedy, shares = Remedy(outcome.remedy), outcome.shares or {}
    return {
        "outcome": outcome,
        "gets": offer_text(remedy, outcome.amount_minor, outcome.currency, language),
        "pays": LIABILITIES[Liability(outcome.liability)],
        "shares": [
            (LIABILITIES[Liability(who)], formats.money(minor, outcome.currency, language))
            for who, minor in sorted(shares.items())
        ],
        "counts": STANDINGS[Standing(outcome.standing)], "reasons": spoken(outcome.told, language),
        "ground": GROUNDS[Ground(outcome.category)] if outcome.category in set(Ground) else "",
        "two": spoken(two_people(outcome.decided_role, outcome.approved_role) or {}, language),
        "missing": [spoken(words, language) for words in outcome.missing],
        "cure": spoken(outcome.cure, language) if outcome.cure else "",
        "redress": spoken(outcome.redress, language) if outcome.redress else "",
    }  # fmt: skip


def _piece(view: View, piece: Evidence, language: str) -> dict[str, Any]:
    tone, word = SOURCES[Source(piece.source)]
    return {
        "id": piece.id, "gist": spoken(piece.gist, language), "tone": tone, "source": word, "at": piece.captured_at,
        "opens": view.may_open(piece), "hash": piece.sha256[:12],
        "new": piece.id in view.new and piece.given_by != view.role,
        "kind": KINDS[EvidenceKind(piece.kind)],
    }  # fmt: skip


def _conversation(view: View, language: str) -> list[dict[str, Any]]:
    """Messages, offers, and the words of steps, in the order of time."""
    found = [
        {
            "at": said.at,
            "who": ROLES[said.role],
            "mine": said.role is view.role,
            "words": said.text(language),
            **_offer(view, said, language),
        }
        for said in view.said
    ]
    found += [
        {"at": step.at, "who": ROLES[Role(step.role)], "mine": step.role == view.role, "words": step.why}
        for step in view.past
        if step.why
    ]
    return sorted(found, key=lambda one: one["at"])


def _offer(view: View, said: Any, language: str) -> dict[str, Any]:
    if said.offer is None:
        return {}
    tone, state = OFFERS[OfferState(said.offer_state)]
    return {
        "id": said.id, "offer": offer_text(said.offer.remedy, said.offer.amount_minor, said.offer.currency, language),
        "tone": tone, "state": state, "can_take_back": said.role is view.role and said.offer_state == OfferState.OPEN,
        "of": ROLES[said.role],
    }  # fmt: skip


def _history(view: View, language: str) -> list[Moment]:
    return [
        Moment(_name(view, step, language), step.at, str(ROLES[Role(step.role)]), _tone(step))
        for step in reversed(view.past)
    ]  # fmt: skip


def _name(view: View, step: Step, language: str) -> str:
    title = _OPENED if step.name == "open" else title_of(view.workflow, step.from_state, step.name)
    return spoken(title, language)


def _tone(step: Step) -> str:
    return "warn" if step.name in ("platform_missed", "backstop") else ""


_OPENED: Final[Sentence] = {"en": "Dispute opened", "zh": "纠纷已立案", "es": "Disputa abierta"}
