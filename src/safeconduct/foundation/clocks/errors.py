"""What can be wrong about a term, a calendar or a pause."""

from __future__ import annotations


class ClockError(ValueError):
    """A term, calendar or time that cannot be used; the message names what was given and what is possible."""
