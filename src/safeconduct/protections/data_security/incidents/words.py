"""The words of the breach desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.ui.parts import Text
from safeconduct.protections.data_security.incidents.regimes import Addressee, Judged, Operator, Risk, Upstream, Warning

#: Kinds of data, as incidents, messages and the record of processing name them.
CATEGORIES: Final[Mapping[str, Text]] = {
    "contact": _("names and contact details"),
    "address": _("delivery and billing addresses"),
    "orders": _("orders and what was bought"),
    "payment": _("payment details (never full card numbers)"),
    "bank_account": _("bank accounts"),
    "credentials": _("passwords or other secrets to sign in with"),
    "identity": _("identity documents and numbers"),
    "device": _("IP addresses and devices"),
    "messages": _("messages and what was written in cases"),
    "health": _("data about health"),
    "children": _("data of children"),
}
ADDRESSEES: Final[Mapping[str, Text]] = {
    Addressee.AUTHORITY: _("the authority"),
    Addressee.PEOPLE: _("the people affected"),
    Addressee.PLATFORM: _("the platform the data came from"),
    Addressee.OWN: _("own assessment"),
}
RISKS: Final[Mapping[str, Text]] = {
    Risk.UNKNOWN: _("not judged yet"),
    Risk.NONE_LIKELY: _("a risk for people is unlikely"),
    Risk.RISK: _("a risk for people"),
    Risk.HIGH: _("a high risk for people"),
}
JUDGED: Final[Mapping[str, Text]] = {
    Judged.UNKNOWN: _("not judged yet"), Judged.YES: _("yes"), Judged.NO: _("no"),
}  # fmt: skip
OPERATORS: Final[Mapping[str, Text]] = {
    Operator.ORDINARY: _("an ordinary network operator"),
    Operator.CRITICAL: _("an operator of critical information infrastructure"),
    Operator.CENTRAL: _("a central organ or one of its units"),
}
UPSTREAMS: Final[Mapping[str, Text]] = {Upstream.AMAZON: "Amazon"}
WARNINGS: Final[Mapping[str, Text]] = {
    Warning.REASONS_WHEN_LATE: _("A message after its time has to say why it is late."),
    Warning.IN_PHASES: _("What is not known yet may follow later; do not wait for it."),
    Warning.KEEP_A_LIST: _("Keep what happened on file even where nobody has to be told."),
    Warning.HARM_AVOIDED: _("People need not be told where measures effectively avoid the harm."),
    Warning.AUTHORITY_MAY_ORDER: _("The authority may order that people are told all the same."),
    Warning.GRADE_DECIDES: _(
        "It applies to incidents of the grade “relatively major” or above. Counsel confirms the grades."
    ),
    Warning.FULLER_REPORT_FOLLOWS: _("A fuller report follows once the incident was dealt with."),
    Warning.HEADINGS_ARE_FIXED: _("The message to people has fixed headings; check them against the statute."),
    Warning.OTHER_STATES: _("Other states of the USA have laws of their own, which are not here."),
    Warning.ASSESSMENT_FIRST: _("Whether it must be told is judged first, and that has a limit too."),
    Warning.PRELIMINARY_FIRST: _("Two reports: a preliminary one within days, and a full one later."),
    Warning.NOT_ALL_IN_FORCE: _("Parts of this law come into force later; counsel says which count today."),
    Warning.CONTRACT: _("This is a duty by contract; read your own copy of it."),
}
#: verb of a step → its words
STEPS: Final[Mapping[str, Text]] = {
    "incident_opened": _("Incident opened"),
    "incident_changed": _("What is known was changed"),
    "people_set": _("Affected people set"),
    "clock_started": _("Clock started"),
    "clock_taken_up": _("Clock applies again"),
    "clock_lapsed": _("Clock does not apply any more"),
    "clock_warned": _("Time runs out"),
    "clock_missed": _("Missed"),
    "clock_stopped": _("Sent in time"),
    "clock_stopped_late": _("Sent late"),
    "incident_closed": _("Incident closed"),
}
TONES: Final[Mapping[str, str]] = {
    "clock_missed": "bad", "clock_stopped_late": "warn", "clock_warned": "warn", "clock_stopped": "good",
}  # fmt: skip
