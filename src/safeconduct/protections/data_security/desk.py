"""The staff's desk for personal data: its addresses, its places in the menus, and what it does in the background."""

from __future__ import annotations

from typing import Final

from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.protection import Periodic
from safeconduct.kernel.scope import query
from safeconduct.kernel.ui.menu import ACCOUNT, DATA
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.data_security.incidents import clockwork
from safeconduct.protections.data_security.incidents import views as incidents
from safeconduct.protections.data_security.requests import actions as request_actions
from safeconduct.protections.data_security.requests import console as requests
from safeconduct.protections.data_security.requests import hosted, letters, portal
from safeconduct.protections.data_security.retention import sweeping
from safeconduct.protections.data_security.retention import views as retention
from safeconduct.protections.data_security.transfers import views as transfers

CONSOLE: Final = [
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/new/", incidents.new, name="incident_new"),
    path("incidents/<str:incident_id>/", incidents.one, name="incident"),
    path("incidents/<str:incident_id>/change/", incidents.change, name="incident_change"),
    path("incidents/<str:incident_id>/people/", incidents.people, name="incident_people"),
    path("incidents/<str:incident_id>/count/", incidents.count, name="incident_count"),
    path("incidents/<str:incident_id>/readings/", incidents.count_readings, name="incident_readings"),
    path("incidents/<str:incident_id>/proof/", incidents.proof, name="incident_proof"),
    path("incidents/<str:incident_id>/close/", incidents.close, name="incident_close"),
    path("incidents/<str:incident_id>/text/<str:clock_id>/", incidents.text, name="incident_text"),
    path("requests/", requests.requests, name="requests"),
    path("requests/new/", letters.enter, name="request_new"),
    path("requests/<str:request_id>/", requests.one, name="request"),
    path("requests/<str:request_id>/receipt/", requests.receipt, name="request_receipt"),
    path("requests/<str:request_id>/<slug:verb>/", requests.act, name="request_act"),
    path("retention/", retention.retention, name="retention"),
    path("retention/holds/", retention.hold, name="hold"),
    path("retention/holds/<str:hold_id>/end/", retention.hold_end, name="hold_end"),
    path("transfers/", transfers.transfers, name="transfers"),
    path("transfers/destinations/", transfers.declare, name="destination"),
    path("transfers/destinations/<str:destination_id>/end/", transfers.end, name="destination_end"),
    path("transfers/processing/", transfers.record, name="processing"),
]
PORTAL: Final = [
    path("my-data/", portal.mine, name="my_data"),
    path("my-data/ask/", portal.ask, name="my_ask"),
    path("my-data/<str:request_id>/withdraw/", portal.withdraw, name="my_withdraw"),
    path("my-data/<str:request_id>/archive/", portal.archive, name="my_archive"),
    path("my-data/<str:request_id>/receipt/", portal.receipt, name="my_receipt"),
]
HOSTED: Final = [
    path("<str:token>/", hosted.show, name="my_data"),
    path("<str:token>/ask/", hosted.ask, name="my_ask"),
    path("<str:token>/<str:request_id>/identify/", hosted.identify, name="my_identify"),
    path("<str:token>/<str:request_id>/withdraw/", hosted.withdraw, name="my_withdraw"),
    path("<str:token>/<str:request_id>/archive/", hosted.fetch, name="my_archive"),
    path("<str:token>/<str:request_id>/receipt/", hosted.receipt, name="my_receipt"),
]
JOBS: Final = (
    Periodic("breach clocks", 30.0, clockwork.sweep),
    Periodic("data requests", 30.0, request_actions.work),
    Periodic("retention", 3600.0, sweeping.sweep),
)


def console_menu() -> tuple[MenuEntry, ...]:
    """The staff's pages about personal data, with what waits. One query: it stands on every page of the console."""
    clocks, requests_open = _waiting()
    return (
        MenuEntry(
            _("Breach desk"), reverse("console:data_security:incidents"), "alert", clocks or None,
            "bad" if clocks else "", group=DATA,
        ),
        MenuEntry(
            _("Data requests"), reverse("console:data_security:requests"), "user", requests_open or None, group=DATA
        ),
        MenuEntry(_("Retention"), reverse("console:data_security:retention"), "clock", group=DATA),
        MenuEntry(_("Transfers"), reverse("console:data_security:transfers"), "globe", group=DATA),
    )  # fmt: skip


def _waiting() -> tuple[int, int]:
    """How many clocks run, and how many requests are open."""
    row = query(
        "SELECT (SELECT count(*) FROM data_incident_clock WHERE stopped_at IS NULL AND lapsed_at IS NULL),"
        " (SELECT count(*) FROM data_request WHERE state IN ('asked', 'identified', 'approved'))"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def portal_menu() -> tuple[MenuEntry, ...]:
    """The member's page about their own data."""
    return (MenuEntry(_("Your data"), reverse("portal:data_security:my_data"), "user", group=ACCOUNT),)
