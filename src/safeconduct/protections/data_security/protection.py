"""The face of data security: who reads what about whom, why, and what happens when it leaks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.protection import Protection

PROTECTION = Protection("data_security", _("Data security"), "eye")
