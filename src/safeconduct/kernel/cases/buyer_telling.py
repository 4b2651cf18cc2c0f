"""What buyers are told of their cases, in their language, with the link to their own page.

They have no account and no inbox of ours: each notice is a message to the shop's systems (`buyer.notice`), which sends
it to the buyer as it sends everything else. What was written to a buyer is not in it; it is read behind the link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.urls import reverse
from ruamel.yaml import YAML

from safeconduct.kernel.buyer_links import token_of
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.telling import REMEDY
from safeconduct.kernel.cases.turns import turn
from safeconduct.kernel.cases.words import Remedy, Role, Turn
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.notices.letters import site
from safeconduct.kernel.notices.outbox import Message, MessageKind, is_wanted, publish
from safeconduct.kernel.notices.rendering import moment, reader_of, spoken
from safeconduct.kernel.vault.pseudonyms import reveal

_FILE: Final = Path(__file__).resolve().parent / "buyer_texts.yaml"
_GETS: Final[Sentence] = REMEDY[Remedy.NOTHING]


def tell(moved: Sequence[Moved], at: datetime) -> None:
    """Tells buyers of steps that changed the state of their cases: two queries, where an endpoint wants to know."""
    told = [one for one in moved if one.changed and _has_a_page(one.case) and _buyer(one.parties) is not None]
    if not told or not is_wanted(MessageKind.BUYER_NOTICE):
        return
    orders = reveal({one.case["order_key"] for one in told})
    messages = []
    for one in told:
        due = one.clock["due_at"] if one.clock is not None else None
        what = _what(one, due)
        values = {"state": one.target.title, "gets": _gets(one)}
        messages.append(
            _message(
                one.case, one.workflow.title, one.parties, what, values, due if what == "your_turn" else None, at,
                f"{one.case_id}/{one.case['step'] + 1}", orders,
            )
        )  # fmt: skip
    publish(messages)


def wrote(
    case: Mapping[str, Any], title: Sentence, parties: Sequence[Mapping[str, Any]], message_id: str, at: datetime
) -> None:  # fmt: skip
    """Tells the buyer that the other side, or the marketplace, has written to them."""
    if not _has_a_page(case) or _buyer(parties) is None or not is_wanted(MessageKind.BUYER_NOTICE):
        return
    orders = reveal({case["order_key"]})
    publish([_message(case, title, parties, "wrote", {}, None, at, message_id, orders)])


def _message(
    case: Mapping[str, Any], title: Sentence, parties: Sequence[Mapping[str, Any]], what: str,
    values: Mapping[str, Sentence], due: datetime | None, at: datetime, key: str, orders: Mapping[int, tuple[str, str]],
) -> Message:  # fmt: skip
    buyer = _buyer(parties)
    assert buyer is not None
    reader = reader_of(buyer["language"], buyer["zone"], at)
    language = reader.language.split("-")[0]
    order = orders[case["order_key"]][1] if case["order_key"] in orders else ""
    said = {name: spoken(sentence, language) for name, sentence in values.items()}
    said |= {"kind": spoken(title, language), "order": order, "due": moment(due, reader) if due is not None else ""}
    words = texts()[what][language]
    data = {
        "order": order, "case": case["id"], "kind": case["kind"], "what": what, "language": language,
        "subject": words["subject"].format(**said), "text": words["text"].format(**said),
        "url": site() + reverse(kind_of(case["kind"]).hosted, args=[token_of(case["order_key"])]), "due_at": due,
    }  # fmt: skip
    return Message(f"buyer/{key}", MessageKind.BUYER_NOTICE, data, at, seller_key=case["seller_key"])


def _what(one: Moved, due: datetime | None) -> str:
    if one.case["step"] == 0:
        return "opened"
    if one.new_outcome:
        return "decided"
    state = turn(one.workflow, one.target, Role.BUYER, frozenset())
    return "your_turn" if state is Turn.MINE and due is not None else "moved"


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
