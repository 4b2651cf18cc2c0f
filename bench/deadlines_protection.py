"""The one protection of the measurement of deadlines: the setting `PROTECTIONS` names it."""

from __future__ import annotations

from bench.deadlines import WORKFLOW
from safeconduct.kernel.cases.kinds import CaseKind
from safeconduct.kernel.protection import Protection

PROTECTION = Protection("bench", "Bench", "scales", case_kinds=(CaseKind("bench", WORKFLOW),))
