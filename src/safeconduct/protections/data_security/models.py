"""The tables of data security, each defined beside what it is for."""

from __future__ import annotations

from safeconduct.protections.data_security.history import DataStep as DataStep
from safeconduct.protections.data_security.incidents.models import AffectedPeople as AffectedPeople
from safeconduct.protections.data_security.incidents.models import Incident as Incident
from safeconduct.protections.data_security.incidents.models import IncidentClock as IncidentClock
from safeconduct.protections.data_security.incidents.models import Proof as Proof
