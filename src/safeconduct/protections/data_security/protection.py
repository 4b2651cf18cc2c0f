"""The face of data security: who reads what about whom, why, and what happens when it leaks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.protection import Protection
from safeconduct.protections.data_security import desk

PROTECTION = Protection(
    "data_security",
    _("Data security"),
    "eye",
    portal_menu=desk.portal_menu,
    portal_urls="safeconduct.protections.data_security.portal_urls",
    public_urls="safeconduct.protections.data_security.hosted_urls",
    console_menu=desk.console_menu,
    console_urls="safeconduct.protections.data_security.console_urls",
    jobs=desk.JOBS,
)
