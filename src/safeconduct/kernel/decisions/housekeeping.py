"""What has to be done from time to time: the brake, shorter counts, hot keys. Each may run beside itself."""

from __future__ import annotations

from datetime import datetime

from safeconduct.kernel.decisions import brake, hot, statistics
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.scope import engine_scope, query


def tidy(now: datetime) -> None:
    """One round. A second process that comes at the same time leaves it to the first."""
    with engine_scope():
        row = query("SELECT pg_try_advisory_xact_lock(%s)", [Lock.HOUSEKEEPING]).fetchone()
        if row is None or not row[0]:
            return
        brake.check(now)
        statistics.compact(now)
    hot.keep_up()
    hot.review()
