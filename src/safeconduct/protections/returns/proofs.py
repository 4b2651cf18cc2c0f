"""What was noted of goods, as evidence: when they left, of the order; when they came back, of the return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.files import fact
from safeconduct.kernel.cases.words import Source
from safeconduct.protections.returns.comparing import Seen
from safeconduct.protections.returns.models import Return

_KINDS = {
    "weight_g": (EvidenceKind.OUTBOUND_WEIGHT, EvidenceKind.INBOUND_WEIGHT),
    "serial": (EvidenceKind.OUTBOUND_SERIAL, EvidenceKind.INBOUND_SERIAL),
    "photo_hash": (EvidenceKind.OUTBOUND_PHOTO, EvidenceKind.INBOUND_PHOTO),
}
_LEFT = {
    "weight_g": {"en": "Weight when it left", "zh": "发货重量", "es": "Peso al salir"},
    "serial": {"en": "Serial number that left", "zh": "发货序列号", "es": "Número de serie que salió"},
    "photo_hash": {"en": "Picture taken before sending", "zh": "发货前照片", "es": "Imagen antes del envío"},
}
_BACK = {
    "weight_g": {"en": "Weight when it came back", "zh": "退回重量", "es": "Peso al volver"},
    "serial": {"en": "Serial number that came back", "zh": "退回序列号", "es": "Número de serie que volvió"},
    "photo_hash": {"en": "Picture of what came back", "zh": "退回照片", "es": "Imagen de lo que volvió"},
}


def as_json(seen: Seen) -> dict[str, Any]:
    """What was noted, without what was not."""
    values = {"weight_g": seen.weight_g, "serial": seen.serial[:120], "photo_hash": seen.photo_hash[:64]}
    return {name: value for name, value in values.items() if value not in (None, "")}


def from_json(values: Mapping[str, Any]) -> Seen:
    """What was noted, as it is compared."""
    return Seen(values.get("weight_g"), values.get("serial", ""), values.get("photo_hash", ""))


def of_leaving(returned: Return) -> list[Piece]:
    """One piece for each thing that was noted when the goods left."""
    return [
        Piece(
            _KINDS[name][0], Source.CARRIER if name == "weight_g" else Source.SELLER, fact({name: value}),
            returned.seller_key, returned.requested_at, _LEFT[name], case_id=returned.case_id,
        )
        for name, value in returned.left.items()
    ]  # fmt: skip


def of_arriving(returned: Return) -> list[Piece]:
    """One piece for each thing that was noted when they came back."""
    assert returned.received_at is not None
    return [
        Piece(
            _KINDS[name][1], Source.CARRIER if name == "weight_g" else Source.PLATFORM, fact({name: value}),
            returned.seller_key, returned.received_at, _BACK[name], case_id=returned.case_id,
        )
        for name, value in returned.back.items()
    ]  # fmt: skip
