"""How much one person may have stored: so many files and so many bytes, over everything that takes files in.

Each place has limits of its own as well (a case, an order, a claim, a dispute with a bank); this one keeps somebody who
acts in many of them from filling the store. Which tables hold files of people is told by the settings
(``FILES_OF_PEOPLE``), because protections have some. Who has a link and no account is bounded by what the link is of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from safeconduct.kernel.cases.errors import EvidenceRefused
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.scope import query

#: How ids of people begin. Machines have keys, which are the operator's own; the engine brings what it collects.
_PERSON: Final = "usr_"
_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shelf:
    """A table of files. ``author``: the column that says who brought one; ``holds``: SQL that is true of a row whose
    bytes are there still; ``size``: the column of their number."""

    table: str
    author: str
    holds: str = "true"
    size: str = "size_bytes"


def check(person: str, size: int) -> None:
    """Whether a person (an actor's id) may have another file of so many bytes stored. Files of one person wait for each
    other until the scope ends, so that two at once do not both take the last place. In a scope of engine or staff.

    Raises EvidenceRefused, which says how much there is and what makes room.
    """
    if not person.startswith(_PERSON):
        return
    query("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [Lock.FILES_OF_A_PERSON, person])
    row = query(_stored(), [person] * len(settings.FILES_OF_PEOPLE)).fetchone()
    assert row is not None
    files, stored = row
    if files >= settings.FILES_PER_PERSON or stored + size > settings.FILE_MB_PER_PERSON * _MB:
        raise EvidenceRefused(
            _(
                "you have stored %(n)s files with %(mb)s MB; one person may have %(most)s files and %(most_mb)s MB. "
                "They go with their cases in time; until then a colleague or the marketplace can bring this one"
            )
            % {
                "n": files, "mb": stored // _MB, "most": settings.FILES_PER_PERSON,
                "most_mb": settings.FILE_MB_PER_PERSON,
            }
        )  # fmt: skip


@lru_cache(maxsize=1)
def _stored() -> str:
    """SQL: files and bytes of a person; a parameter for each shelf."""
    shelves = [cast("Shelf", import_string(path)) for path in settings.FILES_OF_PEOPLE]
    return "SELECT coalesce(sum(n), 0)::bigint, coalesce(sum(b), 0)::bigint FROM (" + " UNION ALL ".join(
        f"SELECT count(*) AS n, sum({one.size}) AS b FROM {one.table} WHERE {one.author} = %s AND {one.holds}"
        for one in shelves
    ) + ") s"  # fmt: skip
