"""The words of transfers and of the record of processing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.ui.parts import Text
from safeconduct.protections.data_security.transfers.thresholds import Ground, Kind, Mechanism, Window


class Role(StrEnum):
    """In which role somebody handles personal data."""

    CONTROLLER = "controller"
    PROCESSOR = "processor"
    JOINT = "joint"


class People(StrEnum):
    """Whose data it is."""

    BUYERS = "buyers"
    MEMBERS = "members"
    STAFF = "staff"


class Recipient(StrEnum):
    """Who is given it."""

    SELLERS = "sellers"
    PAYMENT_PROCESSOR = "payment_processor"
    BANKS = "banks"
    CARRIERS = "carriers"
    NOBODY = "nobody"


class Assess(StrEnum):
    """Why the operator assesses the impact of a processing before it begins."""

    DECIDES_BY_MACHINE = "decides_by_machine"
    PROVIDES_TO_OTHERS = "provides_to_others"
    SENSITIVE = "sensitive"


ASSESS: Final[Mapping[str, Text]] = {
    Assess.DECIDES_BY_MACHINE: _("a machine judges people and acts on it"),
    Assess.PROVIDES_TO_OTHERS: _("others are given the data"),
    Assess.SENSITIVE: _("sensitive data, such as numbers of accounts or identity"),
}
ROLES: Final[Mapping[str, Text]] = {
    Role.CONTROLLER: _("controller"), Role.PROCESSOR: _("processor"), Role.JOINT: _("joint controller"),
}  # fmt: skip
PEOPLE: Final[Mapping[str, Text]] = {
    People.BUYERS: _("buyers"), People.MEMBERS: _("people of sellers"), People.STAFF: _("our staff"),
}  # fmt: skip
RECIPIENTS: Final[Mapping[str, Text]] = {
    Recipient.SELLERS: _("the seller of the order"),
    Recipient.PAYMENT_PROCESSOR: _("the payment processor"),
    Recipient.BANKS: _("banks and card schemes"),
    Recipient.CARRIERS: _("carriers"),
    Recipient.NOBODY: _("nobody"),
}
PURPOSES: Final[Mapping[str, Text]] = {
    "order_protection": _("keep fraud out of orders and pay for what goes wrong"),
    "disputes": _("settle disputes, chargebacks and returns"),
    "delivery": _("let a seller send what was bought"),
    "account_security": _("keep strangers out of accounts"),
    "payouts": _("pay sellers"),
    "own_data_requests": _("answer people who ask about their own data"),
}
MECHANISMS: Final[Mapping[str, Text]] = {
    "": _("none"),
    Mechanism.STANDARD_CONTRACT: _("standard contract, filed"),
    Mechanism.CERTIFICATION: _("certification"),
    Mechanism.ASSESSMENT: _("security assessment, passed"),
    Mechanism.SECURITY_REQUIREMENTS: _("security requirements, met"),
}
GROUNDS: Final[Mapping[str, Text]] = {
    Ground.CONTRACT_NECESSITY: _("needed for a contract with the person, such as shopping or delivery"),
    Ground.COLLECTED_ABROAD: _("collected abroad, nothing domestic added"),
    Ground.STAFF_MANAGEMENT: _("management of staff"),
    Ground.EMERGENCY: _("emergency"),
    Ground.OTHER: _("another ground"),
}
CLASSES: Final[Mapping[str, Text]] = {
    Kind.ANY: _("all personal data"),
    Kind.SENSITIVE: _("sensitive data"),
    Kind.IDENTIFIERS: _("identifiers"),
    Kind.FINANCIAL: _("financial data"),
    Kind.HEALTH: _("data about health"),
}
WINDOWS: Final[Mapping[str, Text]] = {
    Window.YEAR: _("this calendar year"), Window.TWO_YEARS: _("this and the last calendar year"),
}  # fmt: skip
