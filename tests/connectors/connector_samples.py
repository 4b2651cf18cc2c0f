"""Sample bodies and short ways to read them, for the connectors' tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from safeconduct.connectors import Reading, load_connector
from safeconduct.kernel.events.envelope import Incoming, read_envelope

PAYLOADS = Path(__file__).parent / "payloads"
ROOT = Path(__file__).parents[2]


def shared_data() -> Path:
    """The shared data folder: SAFECONDUCT_SHARED, or ../shared beside the checkout. Skips the test without it."""
    shared = Path(os.environ.get("SAFECONDUCT_SHARED") or ROOT.parent / "shared")
    if not (shared / "data").is_dir():
        pytest.skip(f"the shared data folder is not there ({shared}); set SAFECONDUCT_SHARED to use it")
    return shared / "data"


def sample(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def body(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(sample(name))
    return loaded


def read(
    connector: str, given: dict[str, Any] | bytes, headers: dict[str, str] | None = None, **options: Any
) -> Reading:
    raw = given if isinstance(given, bytes) else json.dumps(given).encode()
    return load_connector(connector).read(raw, headers or {}, options)


def only(reading: Reading) -> dict[str, Any]:
    """The one event of a reading, with nothing left over; fails with what there was instead."""
    assert len(reading.events) == 1 and not reading.refused, (reading.events, reading.refused, reading.unknown)
    return reading.events[0]


def by_type(reading: Reading) -> dict[str, dict[str, Any]]:
    found = {str(event["type"]): event for event in reading.events}
    assert len(found) == len(reading.events), "two events of one type"
    return found


def nothing_is_lost(reading: Reading) -> None:
    """A body leaves a trace, and whatever is called an event passes the intake."""
    assert reading.events or reading.unknown or reading.refused
    for event in reading.events:
        taken = read_envelope(event)
        assert isinstance(taken, Incoming), taken
        assert taken.event_type is not None
        known = {one.name for one in (*taken.event_type.fields, *taken.event_type.lists)}
        assert set(event["data"]) <= known  # type: ignore[call-overload]
    ids = [event["id"] for event in reading.events]
    assert len(ids) == len(set(ids))
