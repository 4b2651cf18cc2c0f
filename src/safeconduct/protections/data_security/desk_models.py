"""The tables of incidents, requests, retention and transfers, each defined beside what it is for."""

from __future__ import annotations

from safeconduct.protections.data_security.history import DataStep as DataStep
from safeconduct.protections.data_security.incidents.models import AffectedPeople as AffectedPeople
from safeconduct.protections.data_security.incidents.models import Incident as Incident
from safeconduct.protections.data_security.incidents.models import IncidentClock as IncidentClock
from safeconduct.protections.data_security.incidents.models import Proof as Proof
from safeconduct.protections.data_security.requests.models import DataRequest as DataRequest
from safeconduct.protections.data_security.requests.models import RequestArchive as RequestArchive
from safeconduct.protections.data_security.retention.models import LegalHold as LegalHold
from safeconduct.protections.data_security.retention.models import RetentionRun as RetentionRun
from safeconduct.protections.data_security.transfers.models import TransferCounter as TransferCounter
from safeconduct.protections.data_security.transfers.models import TransferDestination as TransferDestination
from safeconduct.protections.data_security.transfers.models import TransferSubject as TransferSubject
