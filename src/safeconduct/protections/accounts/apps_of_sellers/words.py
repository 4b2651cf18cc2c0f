"""What an app can be given, and what none is, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from safeconduct.kernel.parties.keys import Scope

#: Scope → what the app can do with it.
POWERS: Final[Mapping[str, str | Promise]] = {
    Scope.COVERAGE_READ.value: lazy("read which orders are protected, up to how much and why"),
    Scope.DISPUTES_READ.value: lazy("read disputes and chargebacks: where they stand, until when, how they ended"),
    Scope.MONEY_READ.value: lazy("read balances and what is held of your money"),
    Scope.RETURNS_READ.value: lazy("read returns: where they stand, what was decided"),
}
#: What no app can do, whatever it is given.
NEVER: Final[tuple[str | Promise, ...]] = (
    lazy("change anything: no order, no price, no case, no member"),
    lazy("see or change where you are paid"),
    lazy("read names, addresses, telephone numbers or e-mail addresses of buyers, or what was written in a case"),
    lazy("read anything of another shop, also of another one of yours"),
)
#: State of a grant → name, tone.
STATES: Final[Mapping[str, tuple[str | Promise, str]]] = {
    "live": (pgettext_lazy("app", "Reads"), "good"),
    "replaced": (pgettext_lazy("app", "Reads until its new key is in use"), "info"),
    "gone": (pgettext_lazy("app", "Whoever let it in does not own the shop any more"), "bad"),
    "expired": (pgettext_lazy("app", "Its time is over"), ""),
    "ended": (pgettext_lazy("app", "Ended"), ""),
}
