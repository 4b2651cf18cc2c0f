"""Which browsers the console opens in: those that support what its pages are made safe with, no older than the operator
lets the staff work with, and with a passkey of the kind that is asked for.

A server knows of a device what its browser tells: a browser that lies about itself is one that the staff has changed.
So this is one layer: beside it stand the browser that was let in, the passkey, and what is judged.
"""

from __future__ import annotations

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from safeconduct.kernel.browser_features import is_old
from safeconduct.kernel.parties.bound_passkeys import is_of_one_device
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import staff_scope

_SYNCED = "synced_passkeys"


def unfit(request: HttpRequest, user: User) -> str:
    """Why the console does not open in this browser, and the way out; empty where it does."""
    if is_old(request):
        return _("Your browser lacks what these pages are made safe with. Update it, or use another, and come again.")
    least = settings.STAFF_BROWSERS
    if user.staff_role in settings.STAFF_DEVICES and least:
        browser = browser_of(request.headers.get("User-Agent", ""))
        if browser.name not in least:
            return _("The marketplace's staff work with %(names)s. Come again with one of them.") % {
                "names": ", ".join(sorted(least))
            }
        if not browser.version.isdecimal() or int(browser.version) < least[browser.name]:
            return _("Your %(browser)s is older than the marketplace lets its staff work with. Update it to %(version)s.") % {
                "browser": browser.name, "version": least[browser.name],
            }  # fmt: skip
    if settings.STAFF_PASSKEYS == "device" and user.staff_role in settings.STAFF_DEVICES and _synced(request, user):
        return _(
            "The passkey you signed in with is copied between devices. Set up one that stays on this device, or a "
            "security key, under Second step, remove the copied one, and sign in with the new one."
        )
    return ""


def _synced(request: HttpRequest, user: User) -> bool:
    """Whether a passkey that was shown in this session can be copied to other devices. Each is looked up once."""
    shown = {str(one["id"]) for one in get_authentication_records(request, user)
             if one.get("type") == "webauthn" and "id" in one}  # fmt: skip
    known: dict[str, bool] = dict(request.session.get(_SYNCED) or {})
    if unknown := shown - known.keys():
        with staff_scope():
            rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN, pk__in=unknown)
            known |= {str(row.pk): not is_of_one_device(row) for row in rows}
        request.session[_SYNCED] = known
    return any(known.get(key, True) for key in shown)
