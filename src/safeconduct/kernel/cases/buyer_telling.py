"""What buyers are told of their cases, in their language, with the link to their own page.

They have no account and no inbox of ours: each notice is a message to the shop's systems (`buyer.notice`), which sends
it to the buyer as it sends everything else. What was written to a buyer is not in it; it is read behind the link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.urls import reverse
from ruamel.yaml import YAML

from safeconduct.kernel.buyer_links import token_of
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.models import Party
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.telling import REMEDY
from safeconduct.kernel.cases.turns import turn
from safeconduct.kernel.cases.words import Remedy, Role, Turn
from safeconduct.kernel.cases.workflow import Sentence, State, Workflow
from safeconduct.kernel.notices.letters import site
from safeconduct.kernel.notices.outbox import Message, MessageKind, is_wanted, publish
from safeconduct.kernel.notices.rendering import moment, reader_of, spoken
from safeconduct.kernel.vault.pseudonyms import reveal

_FILE: Final = Path(__file__).resolve().parent / "buyer_texts.yaml"
_GETS: Final[Sentence] = REMEDY[Remedy.NOTHING]
#: Texts that name until when the buyer can do something.
_WITH_A_DATE: Final = frozenset({"your_turn", "can_appeal"})
#: Text → what the shop's systems are told has happened, where it is not called so.
_WHAT: Final[Mapping[str, str]] = {"can_appeal": "decided", "no_date_yet": "your_turn"}


@dataclass(frozen=True, slots=True)
class Reminded:
    """A case whose buyer's time runs out, and a key of this reminder."""

    key: str
    case: Mapping[str, Any]
    workflow: Workflow
    parties: Sequence[Mapping[str, Any]]
    due_at: datetime


def tell(moved: Sequence[Moved], at: datetime) -> None:
    """Tells buyers of steps that changed the state of their cases: two queries, where an endpoint wants to know."""
    told = [one for one in moved if one.changed and _has_a_page(one.case) and _buyer(one.parties) is not None]
    if not told or not is_wanted(MessageKind.BUYER_NOTICE):
        return
    orders = reveal({one.case["order_key"] for one in told})
    messages = []
    for one in told:
        due = one.clock["due_at"] if one.clock is not None else None
        said = said_of(one.workflow, one.target, opens=one.case["step"] == 0, decided=one.new_outcome, due=due)
        values = {"state": one.target.title, "gets": _gets(one)}
        messages.append(
            _message(
                one.case, one.workflow.title, one.parties, said, values, due if said in _WITH_A_DATE else None, at,
                f"{one.case_id}/{one.case['step'] + 1}", orders,
            )
        )  # fmt: skip
    publish(messages)


def said_of(workflow: Workflow, state: State, *, opens: bool, decided: bool, due: datetime | None) -> str:
    """By which text a buyer is told that a case stands at a state. Where it is the buyer's turn, or the buyer can
    appeal, the text has the date; where that is not known, because the clock waits or stands still, it says so."""
    stands = turn(workflow, state, Role.BUYER, frozenset())
    if stands in (Turn.MINE, Turn.CAN_APPEAL):
        if due is None:
            return "decided" if decided else "no_date_yet"
        return "can_appeal" if stands is Turn.CAN_APPEAL else "your_turn"
    return "opened" if opens else "decided" if decided else "moved"


def remind(reminders: Sequence[Reminded], at: datetime) -> None:
    """Reminds buyers whose time runs out."""
    told = [one for one in reminders if _has_a_page(one.case) and _buyer(one.parties) is not None]
    if not told or not is_wanted(MessageKind.BUYER_NOTICE):
        return
    orders = reveal({one.case["order_key"] for one in told})
    publish(
        [
            _message(
                one.case, one.workflow.title, one.parties, "reminder",
                {"state": one.workflow.states[one.case["state"]].title}, one.due_at, at, one.key, orders,
            )
            for one in told
        ]
    )  # fmt: skip


def outside(
    case: Mapping[str, Any], title: Sentence, body: str, state: Sentence, key: str, at: datetime
) -> None:  # fmt: skip
    """Tells a buyer who has taken their case to an outside body where it stands there."""
    if not _has_a_page(case) or not is_wanted(MessageKind.BUYER_NOTICE):
        return
    columns = ("role", "zone", "language")
    parties = list(Party.objects.filter(case_id=case["id"]).values(*columns))
    if _buyer(parties) is None:
        return
    values = {"state": state, "body": dict.fromkeys(state, body)}
    orders = reveal({case["order_key"]})
    publish([_message(case, title, parties, "outside", values, None, at, f"outside/{key}", orders)])


def send_back(moved: Sequence[Moved], until: datetime, at: datetime) -> None:
    """Tells buyers until when they send goods back, because their refund waits for them."""
    told = [one for one in moved if not one.quiet and _has_a_page(one.case) and _buyer(one.parties) is not None]
    if not told or not is_wanted(MessageKind.BUYER_NOTICE):
        return
    orders = reveal({one.case["order_key"] for one in told})
    publish(
        [
            _message(
                one.case, one.workflow.title, one.parties, "send_back", {}, until, at, f"{one.case_id}/back", orders
            )
            for one in told
        ]
    )


def wrote(
    case: Mapping[str, Any], title: Sentence, parties: Sequence[Mapping[str, Any]], message_id: str, at: datetime
) -> None:  # fmt: skip
    """Tells the buyer that the other side, or the marketplace, has written to them."""
    if not _has_a_page(case) or _buyer(parties) is None or not is_wanted(MessageKind.BUYER_NOTICE):
        return
    orders = reveal({case["order_key"]})
    publish([_message(case, title, parties, "wrote", {}, None, at, message_id, orders)])


def _message(
    case: Mapping[str, Any], title: Sentence, parties: Sequence[Mapping[str, Any]], told: str,
    values: Mapping[str, Sentence], due: datetime | None, at: datetime, key: str, orders: Mapping[int, tuple[str, str]],
) -> Message:  # fmt: skip
    buyer = _buyer(parties)
    assert buyer is not None
    reader = reader_of(buyer["language"], buyer["zone"], at)
    language = reader.language.split("-")[0]
    order = orders[case["order_key"]][1] if case["order_key"] in orders else ""
    said = {name: spoken(sentence, language) for name, sentence in values.items()}
    said |= {"kind": spoken(title, language), "order": order, "due": moment(due, reader) if due is not None else ""}
    words = texts()[told][language]
    data = {
        "order": order, "case": case["id"], "kind": case["kind"], "what": _WHAT.get(told, told), "language": language,
        "subject": words["subject"].format(**said), "text": words["text"].format(**said),
        "url": site() + reverse(kind_of(case["kind"]).hosted, args=[token_of(case["order_key"])]), "due_at": due,
    }  # fmt: skip
    return Message(f"buyer/{key}", MessageKind.BUYER_NOTICE, data, at, seller_key=case["seller_key"])


def _gets(one: Moved) -> Sentence:
    return REMEDY[Remedy(one.outcome["remedy"])] if one.outcome is not None else _GETS


def _has_a_page(case: Mapping[str, Any]) -> bool:
    return case["order_key"] is not None and bool(kind_of(case["kind"]).hosted)


def _buyer(parties: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((party for party in parties if party["role"] == Role.BUYER), None)


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """What has happened → language → subject and text."""
    found: dict[str, dict[str, dict[str, str]]] = YAML(typ="safe", pure=True).load(_FILE)
    return found
