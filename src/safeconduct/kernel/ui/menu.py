"""The headings of the menus. A page names the one it stands under in its `MenuEntry`; what names none stands on top."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

ORDERS: Final = _("Orders")
SELLERS: Final = _("Sellers")
RULES: Final = _("Rules")
MONEY: Final = _("Money")
DATA: Final = _("Data")
SETTINGS: Final = _("Settings")
ACCOUNT: Final = _("Account")
