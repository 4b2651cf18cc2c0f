"""Envelopes as they came, opened: for fields that stand nowhere else, such as a recipient's name.

Who opens one has written down before who reads it (`kernel.readings`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from safeconduct.kernel.vault.sealing import unseal


def opened(event_id: str, sealed: bytes) -> Mapping[str, Any]:
    """The fields of an event's envelope, personal ones included."""
    raw = json.loads(unseal("event", f"event_body/{event_id}", bytes(sealed)))
    data: Mapping[str, Any] = raw["data"]
    return data
