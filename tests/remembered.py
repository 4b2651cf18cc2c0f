"""What a process remembers of a database's rows, and must forget when a test empties the tables."""

from __future__ import annotations

from typing import Final

#: Where a server of the tests is told to forget.
FORGET: Final = "/forget-the-story-before/"


def forget() -> None:
    """Forgets all of it. Django must be set up."""
    from safeconduct.kernel.cases import publishing
    from safeconduct.kernel.decisions import hot, scoring
    from safeconduct.kernel.events import rates
    from safeconduct.kernel.parties import sellers
    from safeconduct.kernel.vault import data_keys, pseudonyms, regions

    for module in (pseudonyms, data_keys, regions, sellers, rates, scoring, hot, publishing):
        module.forget()
