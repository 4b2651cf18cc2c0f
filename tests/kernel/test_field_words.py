"""What events say is named in the reader's words, and not by the names that programs use."""

from __future__ import annotations

from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.words import EVENTS, FIELDS


def test_every_event_and_every_field_that_staff_can_meet_has_a_name() -> None:
    assert CATALOGUE.columns.keys() - FIELDS.keys() == set()
    assert {event.name for event in CATALOGUE.values()} - EVENTS.keys() == set()
