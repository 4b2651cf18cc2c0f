"""What is known about IP addresses: the operator's pack (`foundation.ip_pack`), opened once for each process.

Nothing is asked of anybody else. Where no pack was imported, or it cannot be read, nothing is known, and what depends
on it is unknown, not false.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from safeconduct.foundation.ip_pack.facts import NOTHING, IpFacts
from safeconduct.foundation.ip_pack.pack import Pack, PackBroken, current

_log = logging.getLogger(__name__)


def pack_in_use() -> Pack | None:
    """The pack; None where there is none. One that is broken keeps nobody from signing in: it is told to the log, and
    `safeconduct doctor` names it."""
    try:
        return current(Path(settings.IP_PACK))
    except PackBroken as problem:
        _log.error("%s", problem)
        return None


def facts_of(addresses: Sequence[str]) -> list[IpFacts]:
    """What is known about each of these, in their order."""
    pack = pack_in_use()
    return [NOTHING] * len(addresses) if pack is None else pack.look_up(addresses)
