"""Sessions and account cases, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

Text = str | Promise

#: Why a session has ended (`parties.sessions.Ended`).
ENDED: Final[Mapping[str, Text]] = {
    "signed_out": lazy("signed out"),
    "idle": lazy("ended: not used for a while"),
    "expired": lazy("ended: its time was over"),
    "too_many": lazy("ended: more than five at once"),
    "revoked": lazy("ended by you"),
    "factor_changed": lazy("ended: the second step changed"),
    "password_changed": lazy("ended: the password changed"),
    "not_me": lazy("ended: it was said not to be yours"),
    "moved": lazy("ended: it went on in another browser and network"),
    "by_staff": lazy("ended by the marketplace"),
    "by_owner": lazy("ended by an owner of the shop"),
    "by_directory": lazy("ended: signed out at the company"),
    "off_device": lazy("ended: it was used outside its browser"),
    "left": lazy("ended: access was taken away"),
    "locked": lazy("ended: something looked like a takeover"),
}
#: The strongest factor of a session.
FACTORS: Final[Mapping[str, Text]] = {
    "passkey": lazy("with a passkey"),
    "sso": lazy("at your company"),
    "otp": lazy("with a code from an app"),
    "recovery_code": lazy("with a recovery code"),
    "password": lazy("with a password only"),
}
#: What staff find in an account case → what it is called, and what it means.
FINDINGS: Final[Mapping[str, tuple[Text, Text]]] = {
    "taken_over": (
        lazy("somebody else got in"), lazy("The account was taken over: help the person to a new password."),
    ),
    "was_them": (lazy("it was the person"), lazy("The person did it themselves and did not recognise it.")),
    "misused": (
        lazy("the link was misused"), lazy("Whoever pressed it is not the person, or wanted to stop the shop's money.")
    ),
    "unclear": (lazy("unclear"), lazy("Nobody can say any more.")),
}  # fmt: skip
