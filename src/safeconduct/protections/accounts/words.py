"""What happened to an account, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.parties.models import SecurityEvent

#: Kind of event → what it says. Who adds a kind adds its sentence here.
SENTENCES: Final[Mapping[str, str | Promise]] = {
    "signed_in": lazy("Signed in"),
    "signed_in_new": lazy("Signed in from a browser that was not known before"),
    "password_changed": lazy("Changed the password"),
    "password_breached": lazy("Signed in with a password that has come to light in a breach, and must choose another"),
    "password_stopped": lazy("So many wrong passwords came from elsewhere that none is taken from there any more"),
    "codes_stopped": lazy("So many wrong codes of the second step came that none is taken from there any more"),
    "member_invited": lazy("Invited somebody to act for the shop"),
    "member_joined": lazy("Acts for the shop from now on"),
    "account_locked": lazy("Two things happened that together take an account over: payouts and sessions are stopped"),
    "role_changed": lazy("Has another role now"),
    "shut_out": lazy("Was shut out by an administrator"),
    "let_in": lazy("Was let in again by an administrator"),
    "factors_reset": lazy("Lost the second step by an administrator's hand, to set up another"),
    "access_until": lazy("Acts for the shop until another day now"),
    "access_ended": lazy("Does not act for the shop any more"),
    "signed_in_recovery": lazy("Signed in with a recovery code"),
    "sign_in_refused": lazy("A sign-in with the right password was refused: it did not look like them"),
    "session_too_many": lazy("Signed in in more than five places: the oldest session ended"),
    "session_moved": lazy("A session went on in another browser and network, and was ended"),
    "sessions_ended": lazy("Somebody who may do so ended all their open sessions"),
    "sessions_ended_why": lazy("The marketplace ended all their open sessions: “%(why)s”"),
    "signed_out_at_directory": lazy("Signed out at their company, and so of what began there"),
    "device_asked": lazy("Asked to work for the marketplace in another browser"),
    "device_enrolled": lazy("A browser is let in to work for the marketplace"),
    "device_ended": lazy("A browser is out, in which they worked for the marketplace or wanted to"),
    "session_off_device": lazy("A session was used outside the browser in which it began, and was ended"),
    "session_revoked": lazy("Ended a session from another one"),
    "factor_added": lazy("Added a passkey or an authenticator app; other sessions ended"),
    "factor_removed": lazy("Removed a passkey or the authenticator app; other sessions ended"),
    "contact_changed": lazy("Has another e-mail address now"),
    "recovery_codes_made": lazy("Made new recovery codes; other sessions ended"),
    "recovered": lazy("Got in without a passkey or password; payouts wait for seven days"),
    "break_glass": lazy("Was let in again by the operator after losing every key"),
    "not_me": lazy("Said that something was not them: newer sessions, payouts and keys are stopped"),
    "account_case_decided": lazy("The marketplace has looked at what was said not to be them"),
    "browsers_forgotten": lazy("Made all browsers unknown again"),
    "payout_asked": lazy("Asked for payouts to go to another account"),
    "payout_ageing": lazy("The other account is confirmed, and waits before it is used"),
    "payout_review": lazy("A person looks at the other account before it is used"),
    "payout_active": lazy("Payouts go to this account from now on"),
    "payout_cancelled": lazy("The change of the payout account was cancelled"),
    "payout_frozen": lazy("Put a payout account out of use"),
    "payout_given_back": lazy("Two people of the marketplace gave a payout account back"),
    "payout_number_read": lazy("A person of the marketplace read the whole number to confirm it"),
    "payouts_stopped": lazy("Payouts are stopped"),
    "payouts_resumed": lazy("Two people of the marketplace let payouts go on"),
    "canary_touched": lazy("Something came in with a recipient that stands only in a contact file of yours"),
    "staff_looking": lazy("A member of the marketplace's staff looks at your pages: “%(why)s”"),
    "staff_read": lazy("A member of the marketplace's staff opened one of your pages"),
    "staff_look_ended": lazy("The member of staff does not look at your pages any more"),
    "mass_reading": lazy("Opened far more people's data in a day than is usual"),
    "identity_linked": lazy("Signs in at the company's directory from now on"),
    "identity_unlinked": lazy("Does not sign in at the company's directory any more, until they do so anew"),
    "sign_on_refused": lazy("A sign-in at the company's directory did not open this account"),
    "factor_broken": lazy("A second step was asked for whose seed is not theirs or was changed: no code opened it"),
    "staff_invited": lazy("Invited somebody to the marketplace's staff"),
    "staff_invitation_withdrawn": lazy("Withdrew an invitation to the marketplace's staff"),
    "break_glass_asked": lazy("An administrator asked for a sealed code to let them in"),
    "break_glass_made": lazy("A second administrator agreed to a sealed code to let them in"),
    "break_glass_withdrawn": lazy("The sealed code to let them in was withdrawn"),
    "break_glass_used": lazy("Came in with a sealed code"),
    "app_connected": lazy("Let an app read data of the shop"),
    "app_renewed": lazy("Gave an app a new key; the old one ends by itself within a week"),
    "app_ended": lazy("An app may not read data of the shop any more"),
    "ownership_claimed": lazy("Somebody says that the shop is theirs"),
    "ownership_heard": lazy("A claim to the shop is heard: its owners and where it is paid stay as they are"),
    "ownership_decided": lazy("A claim to the shop was decided, with reasons"),
    "ownership_appealed": lazy("A decision about whose the shop is was appealed"),
    "key_made": lazy("Made an API key"),
    "vault_rotated": lazy("Made a new key of the vault"),
    "key_revoked": lazy("An API key was revoked"),
    "key_demoted": lazy("An API key lost its rights to write"),
    "key_used_elsewhere": lazy("An API key was used from an address it is not for, and was refused"),
}
#: How kinds of events begin that are about payouts: for those who see the money.
PAYOUT_KINDS: Final = "payout"
#: Level of an event → the tone of its tag, and its word.
LEVELS: Final[Mapping[str, tuple[str, str | Promise]]] = {
    "info": ("", lazy("daily")),
    "notice": ("info", lazy("to know")),
    "alert": ("bad", lazy("act")),
}


def sentence_of(event: SecurityEvent) -> str:
    """An event as a sentence; a kind without words is named, never left out."""
    kind = "signed_in_new" if event.kind == "signed_in" and event.facts.get("new_device") else event.kind
    if event.kind == "sessions_ended" and event.why:
        kind = "sessions_ended_why"
    found = SENTENCES.get(kind)
    if kind in ("staff_looking", "sessions_ended_why"):
        return str(found) % {"why": event.why}
    return str(found) if found is not None else _("Something else: %(kind)s") % {"kind": kind.replace("_", " ")}
