"""What webhooks tell: the kinds of messages, what each carries, and an example of it.

`publish` refuses data that its kind does not declare, so the page that is made from this (docs/webhooks.md) is true.
Data are ids, actions, amounts and times; never a buyer's personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class MessageKind(StrEnum):
    """What webhooks tell."""

    DECISION_MADE = "decision.made"
    DECISION_CHANGED = "decision.changed"
    COVERAGE_PROTECTED = "coverage.protected"
    COVERAGE_AT_RISK = "coverage.at_risk"
    COVERAGE_VOID = "coverage.void"
    HOLD_PLACED = "hold.placed"
    HOLD_RELEASED = "hold.released"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_RETURNED = "payout.returned"
    CASE_OPENED = "case.opened"
    CASE_MOVED = "case.moved"
    CASE_DECIDED = "case.decided"
    CASE_CLOSED = "case.closed"
    CASE_PLATFORM_MISSED = "case.platform_missed"
    CASE_REFERRED = "case.referred"
    BUYER_NOTICE = "buyer.notice"
    REFUND_CHANGED = "refund.changed"
    TEST = "webhook.test"


class Form(StrEnum):
    """What a field of a message holds."""

    TEXT = "text"
    FLAG = "flag"
    MONEY = "money"
    TIME = "time"
    TEXTS = "texts"
    NUMBER = "number"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: what it holds, what it means, and whether it may be absent."""

    form: Form
    means: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A kind of message: when it is sent, its fields, and an example of its data."""

    when: str
    fields: Mapping[str, Field]
    example: Mapping[str, Any]

    def problem(self, data: Mapping[str, Any]) -> str:
        """What is wrong with data of this kind, or nothing."""
        unknown = sorted(data.keys() - self.fields.keys())
        if unknown:
            return f"it carries no {', '.join(unknown)}; it carries {', '.join(self.fields)}"
        for name, field in self.fields.items():
            if data.get(name) is None:
                if not field.optional:
                    return f"{name} is missing"
            elif not _fits(field.form, data[name]):
                return f"{name} must be {field.form.value}"
        return ""

    def schema(self) -> dict[str, Any]:
        """The data as a JSON Schema (2020-12)."""
        properties = {
            name: {**_SCHEMAS[field.form], "description": field.means} for name, field in self.fields.items()
        }  # fmt: skip
        required = [name for name, field in self.fields.items() if not field.optional]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_MONEY: Final = {
    "type": "object",
    "properties": {"minor": {"type": "integer"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    "required": ["minor", "currency"],
    "additionalProperties": False,
}
_OUTCOME: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "remedy": {"type": "string"},
        "amount_minor": {"type": ["integer", "null"]},
        "currency": {"type": "string"},
        "liability": {"type": "string"},
        "standing": {"type": "string"},
        "told": {"type": "object", "additionalProperties": {"type": "string"}},
        "appeal_until": {"type": ["string", "null"], "format": "date-time"},
    },
    "required": ["id", "remedy", "liability", "standing", "told"],
}
_SCHEMAS: Final[Mapping[Form, Mapping[str, Any]]] = {
    Form.TEXT: {"type": "string"},
    Form.FLAG: {"type": "boolean"},
    Form.MONEY: _MONEY,
    Form.TIME: {"type": "string", "format": "date-time"},
    Form.TEXTS: {"type": "object", "additionalProperties": {"type": "string"}},
    Form.NUMBER: {"type": "integer"},
    Form.OUTCOME: _OUTCOME,
}

_ORDER: Final = Field(Form.TEXT, "Your id of the order.")
_SELLER: Final = Field(Form.TEXT, "Your id of the seller.", optional=True)
_ACTION: Final = Field(Form.TEXT, "What holds now: `allow`, `challenge`, `review` or `block`.")
_DECISION: Final = {
    "decision": Field(Form.TEXT, "Id of the decision; `GET /v1/decisions/{id}` has its reasons."),
    "policy": Field(Form.TEXT, "Name of the policy that decided."),
    "order": Field(Form.TEXT, "Your id of the order, where it is about one.", optional=True),
    "seller": _SELLER,
    "action": _ACTION,
    "automated": Field(Form.FLAG, "False where a person decided."),
    "decided_at": Field(Form.TIME, "When."),
}
_COVERAGE: Final = {
    "order": _ORDER,
    "state": Field(Form.TEXT, "How the order stands as a whole."),
    "up_to": Field(Form.MONEY, "What it is protected up to. This is not insurance."),
    "template": Field(Form.TEXT, "Version of the conditions."),
}
_CASE: Final = {
    "case": Field(Form.TEXT, "Id of the case."),
    "kind": Field(Form.TEXT, "What kind of case it is."),
    "about": Field(Form.TEXT, "What it is about: an order line, a listing, an account.", optional=True),
    "state": Field(Form.TEXT, "State of its workflow."),
    "status": Field(Form.TEXT, "How it stands for everybody: `open`, `decided`, `closed`."),
    "step": Field(Form.NUMBER, "How many steps it has made; what arrives late has a smaller number."),
    "turns": Field(Form.TEXTS, "Party → whose turn it is for them."),
    "due_at": Field(Form.TIME, "When the running deadline ends.", optional=True),
    "outcome": Field(Form.OUTCOME, "What was decided, in three parts.", optional=True),
}
_CASE_EXAMPLE: Final = {
    "case": "cas_01jy2d8m4kq5v6w7x8y9zabcde", "kind": "dispute", "about": "ord-90112", "state": "evidence",
    "status": "open", "step": 2, "turns": {"seller": "my_turn", "buyer": "their_turn"},
    "due_at": "2026-06-03T12:00:00+00:00",
}  # fmt: skip
_AMOUNT: Final = Field(Form.MONEY, "How much.")
_USD: Final = {"minor": 12500, "currency": "USD"}
_DECISION_EXAMPLE: Final = {
    "decision": "dec_01jy2d8m4kq5v6w7x8y9zabcde", "policy": "order-risk", "order": "ord-90112", "seller": "sel-7",
    "action": "review", "automated": True, "decided_at": "2026-06-01T12:00:00+00:00",
}  # fmt: skip
_COVERAGE_EXAMPLE: Final = {
    "order": "ord-90112", "state": "protected", "up_to": _USD, "template": "cvt_01jy2d8m4kq5v6w7x8y9zabcde",
}  # fmt: skip
_HOLD_EXAMPLE: Final = {
    "hold": "hld_01jy2d8m4kq5v6w7x8y9zabcde", "seller": "sel-7", "order": "ord-90112", "amount": _USD,
    "reason": "dispute",
}  # fmt: skip
_PAYOUT_EXAMPLE: Final = {"payout": "pay_01jy2d8m4kq5v6w7x8y9zabcde", "seller": "sel-7", "amount": _USD}

CATALOGUE: Final[Mapping[MessageKind, Told]] = {
    MessageKind.DECISION_MADE: Told(
        "An order or another event was not simply allowed: it is challenged, reviewed or blocked.",
        _DECISION, _DECISION_EXAMPLE,
    ),
    MessageKind.DECISION_CHANGED: Told(
        "A decision was replaced by another: a person ruled, or it was decided anew.",
        {
            **_DECISION, "was": Field(Form.TEXT, "What held before."),
            "replaces": Field(Form.TEXT, "Id of the earlier decision."),
        },
        {
            **_DECISION_EXAMPLE, "action": "allow", "automated": False, "was": "review",
            "replaces": "dec_01jy2d8m4kq5v6w7x8y9zabcdd",
        },
    ),
    MessageKind.COVERAGE_PROTECTED: Told("An order is protected.", _COVERAGE, _COVERAGE_EXAMPLE),
    MessageKind.COVERAGE_AT_RISK: Told(
        "A condition of an order's protection runs out soon.",
        {
            **_COVERAGE, "condition": Field(Form.TEXT, "Name of the condition."),
            "due_at": Field(Form.TIME, "When it must be met."),
        },
        {
            **_COVERAGE_EXAMPLE, "state": "conditional", "condition": "shipped_in_time",
            "due_at": "2026-06-03T12:00:00+00:00",
        },
    ),
    MessageKind.COVERAGE_VOID: Told(
        "An order lost its protection, for one cause or more.",
        {**_COVERAGE, "causes": Field(Form.TEXTS, "Cause of loss → the condition that failed.")},
        {**_COVERAGE_EXAMPLE, "state": "void", "causes": {"not_received": "shipped_in_time"}},
    ),
    MessageKind.HOLD_PLACED: Told(
        "Money of a seller is held.",
        {
            "hold": Field(Form.TEXT, "Id of the hold."), "seller": _SELLER,
            "order": Field(Form.TEXT, "Your id of the order, where it is about one.", optional=True),
            "amount": _AMOUNT, "reason": Field(Form.TEXT, "Code of the reason."),
            "release_at": Field(Form.TIME, "When it is released at the latest.", optional=True),
            "released_by": Field(Form.TEXT, "Code of what would release it now.", optional=True),
        },
        {**_HOLD_EXAMPLE, "release_at": "2026-06-08T12:00:00+00:00"},
    ),
    MessageKind.HOLD_RELEASED: Told(
        "Held money is the seller's to be paid out again.",
        {
            "hold": Field(Form.TEXT, "Id of the hold."), "seller": _SELLER,
            "order": Field(Form.TEXT, "Your id of the order, where it is about one.", optional=True),
            "amount": _AMOUNT, "reason": Field(Form.TEXT, "Code of the reason.", optional=True),
        },
        _HOLD_EXAMPLE,
    ),
    MessageKind.PAYOUT_SENT: Told(
        "A payout left for the seller's bank.",
        {
            "payout": Field(Form.TEXT, "Id of the payout."), "seller": _SELLER, "amount": _AMOUNT,
            "arrives_at": Field(Form.TIME, "When the bank should have it.", optional=True),
        },
        {**_PAYOUT_EXAMPLE, "arrives_at": "2026-06-03T00:00:00+00:00"},
    ),
    MessageKind.PAYOUT_RETURNED: Told(
        "The bank sent a payout back.",
        {
            "payout": Field(Form.TEXT, "Id of the payout."), "seller": _SELLER, "amount": _AMOUNT,
            "reason": Field(Form.TEXT, "Code of what the bank said.", optional=True),
        },
        {**_PAYOUT_EXAMPLE, "reason": "account_closed"},
    ),
    MessageKind.CASE_OPENED: Told("A case was opened.", _CASE, {**_CASE_EXAMPLE, "step": 1}),
    MessageKind.CASE_MOVED: Told("A case went on to another state.", _CASE, _CASE_EXAMPLE),
    MessageKind.CASE_DECIDED: Told(
        "A case was decided: what the buyer gets, who pays, whether it counts.",
        _CASE,
        {
            **_CASE_EXAMPLE, "state": "decided", "status": "decided", "step": 5, "due_at": None,
            "outcome": {
                "id": "out_01jy2d8m4kq5v6w7x8y9zabcde", "remedy": "refund", "amount_minor": 12500, "currency": "USD",
                "liability": "carrier", "standing": "none", "told": {"en": "The parcel was lost by the carrier."},
                "appeal_until": "2026-06-10T12:00:00+00:00",
            },
        },
    ),
    MessageKind.CASE_CLOSED: Told(
        "A case is over.", _CASE, {**_CASE_EXAMPLE, "state": "final", "status": "closed", "step": 6, "due_at": None}
    ),
    MessageKind.CASE_PLATFORM_MISSED: Told(
        "The marketplace missed its own deadline in a case.",
        {
            "case": _CASE["case"], "kind": _CASE["kind"], "clock": Field(Form.TEXT, "Name of the deadline."),
            "due_at": Field(Form.TIME, "When it should have been done."),
            "round": Field(Form.NUMBER, "How often it has been missed in this case."),
        },
        {
            "case": "cas_01jy2d8m4kq5v6w7x8y9zabcde", "kind": "dispute", "clock": "adjudication",
            "due_at": "2026-06-03T12:00:00+00:00", "round": 1,
        },
    ),
    MessageKind.CASE_REFERRED: Told(
        "A seller or a buyer has taken a case to an outside body, or something has come of it: read on by `state`. "
        "The case stays "
        "as it was decided until `case.decided` says otherwise.",
        {
            "case": _CASE["case"], "kind": _CASE["kind"], "referral": Field(Form.TEXT, "Id of the referral."),
            "body": Field(Form.TEXT, "Name of the body."), "url": Field(Form.TEXT, "Its address."),
            "by": Field(Form.TEXT, "`seller` or `buyer`: who has taken it there."),
            "state": Field(Form.TEXT, "`referred`, `answered` or `ended`."),
            "due_at": Field(Form.TIME, "By when the body answers, where something says so.", optional=True),
            "late": Field(Form.FLAG, "Whether that time is over."),
            "found": Field(Form.TEXT, "`for_seller`, `partly` or `against_seller`.", optional=True),
            "followed": Field(Form.TEXT, "`followed` or `not_followed`, by the marketplace.", optional=True),
        },
        {
            "case": "cas_01jy2d8m4kq5v6w7x8y9zabcde", "kind": "dispute", "referral": "rfl_01jy2d8m4kq5v6w7x8y9zabcde",
            "body": "Example Settlement Body", "url": "https://body.example/", "by": "seller", "state": "referred",
            "due_at": "2026-09-01T23:59:59+00:00", "late": False,
        },
    ),
    MessageKind.BUYER_NOTICE: Told(
        "A buyer is to be told something of a dispute or return of theirs: send it to the buyer alone, by mail or in "
        "your app. It is written in the buyer's language; whoever has the link acts as the buyer.",
        {
            "order": _ORDER, "case": _CASE["case"], "kind": _CASE["kind"],
            "what": Field(
                Form.TEXT, "`opened`, `your_turn`, `moved`, `decided`, `reminder`, `send_back`, `outside` or `wrote`."
            ),
            "language": Field(Form.TEXT, "`en`, `es` or `zh`."), "subject": Field(Form.TEXT, "A line."),
            "text": Field(Form.TEXT, "What to say."), "url": Field(Form.TEXT, "The buyer's own page."),
            "due_at": Field(Form.TIME, "By when the buyer has to act.", optional=True),
        },
        {
            "order": "ord-90112", "case": "cas_01jy2d8m4kq5v6w7x8y9zabcde", "kind": "dispute", "what": "your_turn",
            "language": "es", "subject": "Disputa, pedido ord-90112: le toca a usted",
            "text": "Pedido ord-90112, Disputa: Ambos aportan pruebas. Le toca a usted hasta el 3 jun 2026, 14:00.",
            "url": "https://safeconduct.example/disputes/NTM1…/", "due_at": "2026-06-03T12:00:00+00:00",
        },
    ),
    MessageKind.REFUND_CHANGED: Told(
        "A refund is to be sent, or one that was is not any more: send it only while its state is `requested`.",
        {
            "refund": Field(Form.TEXT, "Id of the refund."), "claim": Field(Form.TEXT, "Id of its claim."),
            "order": _ORDER, "line": Field(Form.TEXT, "Your name of the order line.", optional=True),
            "item": Field(Form.TEXT, "What it is for: `refund`, `statutory_damages` or `return_freight`."),
            "amount": Field(Form.MONEY, "What is still to be sent."),
            "state": Field(
                Form.TEXT,
                "`requested`: send it. `frozen`: do not, the buyer's bank decides. `paid_by_bank`: do not. `failed`: do"
                " not, it was called off, or did not arrive and is asked for once more under another id.",
            ),
            "due_at": Field(Form.TIME, "Until when law asks for it.", optional=True),
        },
        {
            "refund": "rfd_01jy2d8m4kq5v6w7x8y9zabcde", "claim": "clm_01jy2d8m4kq5v6w7x8y9zabcde", "order": "ord-90112",
            "item": "refund", "amount": _USD, "state": "requested", "due_at": "2026-06-15T23:59:59+00:00",
        },
    ),
    MessageKind.TEST: Told(
        "Somebody had a test sent. It cannot be chosen: every endpoint gets its own.",
        {"endpoint": Field(Form.TEXT, "Id of the endpoint."), "sent_by": Field(Form.TEXT, "Who had it sent.")},
        {"endpoint": "whe_01jy2d8m4kq5v6w7x8y9zabcde", "sent_by": "usr_01jy2d8m4kq5v6w7x8y9zabcde"},
    ),
}  # fmt: skip


def _fits(form: Form, given: object) -> bool:
    match form:
        case Form.TEXT:
            return isinstance(given, str)
        case Form.FLAG:
            return isinstance(given, bool)
        case Form.MONEY:
            return (
                isinstance(given, Mapping)
                and given.keys() == {"minor", "currency"}
                and isinstance(given["minor"], int)
                and isinstance(given["currency"], str)
            )
        case Form.TIME:
            return isinstance(given, datetime) and given.tzinfo is not None or _is_time(given)
        case Form.TEXTS:
            return isinstance(given, Mapping) and all(isinstance(word, str) for word in given.values())
        case Form.NUMBER:
            return isinstance(given, int) and not isinstance(given, bool)
        case Form.OUTCOME:
            return isinstance(given, Mapping) and {"id", "remedy", "liability", "standing", "told"} <= given.keys()


def _is_time(given: object) -> bool:
    try:
        return isinstance(given, str) and datetime.fromisoformat(given).tzinfo is not None
    except ValueError:
        return False
