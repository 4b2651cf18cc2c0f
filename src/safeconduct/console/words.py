"""The kernel's names in the reader's language: roles, events, fields, states, steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.cases.words import PauseScope
from safeconduct.kernel.events.words import event_name as event_name
from safeconduct.kernel.events.words import field_name as field_name
from safeconduct.kernel.parties.models import StaffRole

Text = str | Promise

ROLES: Final[Mapping[str, Text]] = {
    StaffRole.ANALYST: lazy("analyst"), StaffRole.LEAD: lazy("lead"), StaffRole.ADMINISTRATOR: lazy("administrator"),
}  # fmt: skip

#: State of a policy version → name, tone.
STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "draft": (pgettext_lazy("state", "Draft"), "warn"),
    "shadow": (pgettext_lazy("state", "In shadow"), "violet"),
    "challenger": (pgettext_lazy("state", "Challenger"), "info"),
    "live": (pgettext_lazy("state", "Live"), "good"),
    "retired": (pgettext_lazy("state", "Retired"), ""),
}

KINDS: Final[Mapping[str, Text]] = {
    "live": pgettext_lazy("decision", "Automatic"),
    "shadow": pgettext_lazy("decision", "In shadow"),
    "override": pgettext_lazy("decision", "By a person"),
}

LABELS: Final[Mapping[str, tuple[Text, str]]] = {
    "fraud": (lazy("Fraud"), "bad"), "abuse": (lazy("Abuse"), "warn"), "good": (lazy("Good order"), "good"),
}  # fmt: skip

LIST_KINDS: Final[Mapping[str, tuple[Text, str]]] = {
    "allow": (lazy("Allow list"), "good"), "deny": (lazy("Deny list"), "bad"), "custom": (lazy("Own list"), ""),
}  # fmt: skip

#: Whose clocks a pause stops.
PAUSE_SCOPES: Final[Mapping[PauseScope, Text]] = {
    PauseScope.EVERYONE: lazy("Everybody's"), PauseScope.COUNTRY: lazy("Of parties in a country"),
    PauseScope.CARRIER: lazy("Of parcels with a carrier"), PauseScope.CASE: lazy("Of one case"),
}  # fmt: skip

#: What was done with a policy version, as `policies` writes it.
VERBS: Final[Mapping[str, Text]] = {
    "saved": lazy("saved the draft"), "asked": lazy("asked for approval"), "shadowed": lazy("started it in shadow"),
    "published": lazy("approved and published it"), "retired": lazy("retired it"),
    "rolled back": lazy("rolled back from it"), "live again": lazy("put it back in force"),
}  # fmt: skip

#: What differs between two versions of a policy (`foundation.policy.diff`): what it is part of, and what was done.
SUBJECTS: Final[Mapping[str, Text]] = {
    "setting": lazy("Setting"), "feature": lazy("Feature"), "score": lazy("Score"), "rule": lazy("Rule"),
}  # fmt: skip
CHANGES: Final[Mapping[str, tuple[Text, str]]] = {
    "added": (pgettext_lazy("difference", "added"), "good"), "removed": (pgettext_lazy("difference", "removed"), "bad"),
    "changed": (pgettext_lazy("difference", "changed"), "info"),
}  # fmt: skip

ENTITIES: Final = ("buyer", "card", "device", "email", "address", "ip", "phone", "seller", "card_bin", "bank_account")


def role_name(role: str) -> str:
    """A role in the reader's language."""
    return str(ROLES.get(role, _("no staff")))


def policy_language() -> str:
    """The reader's language as policies and statements of reasons name it: en, zh, es."""
    return (get_language() or "en").split("-")[0]


def spoken(sentences: Mapping[str, str]) -> str:
    """A sentence in the reader's language, else in English, else in whatever it was said."""
    language = policy_language()
    return sentences.get(language) or sentences.get("en") or next(iter(sentences.values()), "")


#: Kind of a webhook message → what it tells.
MESSAGE_KINDS: Final[Mapping[str, Text]] = {
    "decision.made": lazy("An order was not simply allowed"),
    "decision.changed": lazy("A decision was replaced by another"),
    "coverage.protected": lazy("An order is protected"),
    "coverage.at_risk": lazy("An order is about to lose its protection"),
    "coverage.void": lazy("An order lost its protection"),
    "hold.placed": lazy("Money is held"),
    "hold.released": lazy("Held money is released"),
    "payout.sent": lazy("A payout was sent"),
    "payout.returned": lazy("A payout came back"),
    "case.opened": lazy("A case was opened"),
    "case.moved": lazy("A case went on"),
    "case.decided": lazy("A case was decided"),
    "case.closed": lazy("A case is over"),
    "case.platform_missed": lazy("The marketplace missed its own deadline"),
    "case.referred": lazy("A case with an outside body"),
    "buyer.notice": lazy("Something to tell a buyer"),
    "refund.changed": lazy("A refund is to be sent, or not any more"),
    "webhook.test": lazy("A test"),
}

#: What a key may do → its name.
KEY_SCOPES: Final[Mapping[str, Text]] = {
    "events:write": lazy("send events"),
    "decisions:read": lazy("read decisions and events"),
    "decisions:write": lazy("put a person's decision in the place of one"),
    "labels:write": lazy("say what orders turned out to be"),
    "lists:read": lazy("read lists"),
    "lists:write": lazy("change lists"),
    "policies:read": lazy("read policies"),
    "policies:write": lazy("write drafts of policies"),
    "coverage:read": lazy("read the protection of orders"),
    "disputes:read": lazy("read disputes"),
    "disputes:write": lazy("open disputes and move them on"),
    "money:read": lazy("read balances and holds"),
    "returns:read": lazy("read returns"),
    "returns:write": lazy("open returns and move them on"),
    "return-hubs:write": lazy("name and end the local addresses that returns go to"),
    "webhooks:read": lazy("read webhooks"),
    "webhooks:write": lazy("change webhooks and see their secrets"),
}

#: State of a key → name, tone.
KEY_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "live": (pgettext_lazy("key", "Works"), "good"),
    "reads_only": (pgettext_lazy("key", "Only reads"), "warn"),
    "gone": (pgettext_lazy("key", "Its maker is gone"), "bad"),
    "expired": (pgettext_lazy("key", "Expired"), ""),
    "revoked": (pgettext_lazy("key", "Revoked"), ""),
}

#: State of a delivery → name, tone.
DELIVERY_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "waiting": (pgettext_lazy("delivery", "Waiting"), "info"),
    "delivered": (pgettext_lazy("delivery", "Delivered"), "good"),
    "given_up": (pgettext_lazy("delivery", "Given up"), "bad"),
}

#: Why an endpoint is off.
OFF_REASONS: Final[Mapping[str, Text]] = {
    "person": lazy("Switched off by a person"),
    "gone": lazy("The receiver answered that it is gone"),
    "failing": lazy("Nothing was accepted for days"),
}

#: What was done to an endpoint.
ENDPOINT_STEPS: Final[Mapping[str, Text]] = {
    "created": lazy("Made"), "changed": lazy("Changed"), "rotated": lazy("Secret changed"),
    "on": lazy("Switched on"), "off": lazy("Switched off"), "resent": lazy("Messages sent again"),
}  # fmt: skip
