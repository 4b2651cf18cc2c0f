"""What the entries are about: from a kind and ids to the content that is committed to.

The record lies below everything it records, so it is told by the settings (``RECORD_SUBJECTS``: kind → dotted path of a
`Subjects`). An entry of a kind that nobody registered commits to the body of its leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.utils.module_loading import import_string

from safeconduct.kernel.record.commitments import Payload
from safeconduct.kernel.record.configuration import subjects


@dataclass(frozen=True, slots=True)
class Content:
    """What one business row says, in columns that never change.

    ``shown``: what its seller may see, and is given with a proof. ``withheld``: the rest. ``act`` and ``ver`` stand
    openly in the entry: what was done, and by which version of which text; never personal data.
    """

    shown: Payload
    withheld: Mapping[str, Any] | None = None
    act: str = ""
    ver: str = ""


@dataclass(frozen=True, slots=True)
class Subjects:
    """One kind of business rows. Both functions run inside an engine scope.

    ``contents``: id → content, without those that are not there. ``ids``: up to so many ids after one (None: from the
    beginning) of rows that must have an entry each, in a fixed order; None where not every row has one. ``public``:
    whether anyone may be given what is shown of it, as of a promise that was made to all.
    """

    contents: Callable[[Sequence[str]], Mapping[str, Content]]
    ids: Callable[[str | None, int], Sequence[str]] | None = None
    public: bool = False


def registered() -> dict[str, Subjects]:
    """All kinds whose content lies in business rows."""
    return {kind: cast("Subjects", import_string(path)) for kind, path in subjects().items()}


def contents(wanted: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], Content]:
    """(kind, id) → content, one query for each kind that is registered."""
    found: dict[tuple[str, str], Content] = {}
    for kind, one in registered().items():
        if wanted.get(kind):
            found |= {(kind, key): content for key, content in one.contents(wanted[kind]).items()}
    return found
