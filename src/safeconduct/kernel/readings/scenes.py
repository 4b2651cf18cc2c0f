"""Why somebody reads personal data: the scenes there are, in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Scene(StrEnum):
    """What a reading is for. The first six are those of a seller's lease (security research of 2026-11-23, 2.14)."""

    SHIP_LABEL_CARRIER = "ship_label_carrier"
    MANUAL_SHIP = "manual_ship"
    DROPSHIP = "dropship"
    PICKUP = "pickup"
    AFTER_SALE = "after_sale"
    CARE = "care"
    CASE = "case"
    EVIDENCE = "evidence"
    BANK_DEFENCE = "bank_defence"
    BANK_COPY = "bank_copy"
    ACCESS_LOG = "access_log"
    DATA_REQUEST = "data_request"
    INCIDENT = "incident"


#: Before a parcel leaves.
SHIP: Final = (Scene.SHIP_LABEL_CARRIER, Scene.MANUAL_SHIP, Scene.DROPSHIP, Scene.PICKUP)
#: After it has left.
OTHER: Final = (Scene.AFTER_SALE, Scene.CARE)

SCENES: Final[Mapping[str, str | Promise]] = {
    Scene.SHIP_LABEL_CARRIER: _("Label at the carrier"),
    Scene.MANUAL_SHIP: _("Label written by hand"),
    Scene.DROPSHIP: _("Sent by a supplier"),
    Scene.PICKUP: _("Handed over at a counter"),
    Scene.AFTER_SALE: _("After-sale: repair, exchange, missing part"),
    Scene.CARE: _("A question of the buyer"),
    Scene.CASE: _("Deciding a case"),
    Scene.EVIDENCE: _("Evidence of a case"),
    Scene.BANK_DEFENCE: _("Defence of a payment, put together by the machine"),
    Scene.BANK_COPY: _("The bank's copy, to hand it in"),
    Scene.ACCESS_LOG: _("Looking through this list"),
    Scene.DATA_REQUEST: _("A person's request about their data"),
    Scene.INCIDENT: _("An incident: who is affected"),
}

#: Fields that are shown in clear, in words.
FIELDS: Final[Mapping[str, str | Promise]] = {
    "name": _("name"),
    "address": _("address"),
    "billing_address": _("billing address"),
    "phone": _("telephone"),
    "email": _("e-mail"),
    "ip": _("IP address"),
    "device": _("device"),
    "file": _("file"),
    "conversation": _("conversation"),
    "access_log": _("access log"),
}


def scene_said(scene: str) -> str:
    """A scene in words; one without words is named, never left out."""
    return str(SCENES.get(scene, scene.replace("_", " ")))


def fields_said(fields: list[str]) -> str:
    """The fields that were read, in words."""
    return ", ".join(str(FIELDS.get(name, name.replace("_", " "))) for name in fields)
