"""The staff's desk for personal data: its addresses, its places in the menus, and what it does in the background."""

from __future__ import annotations

from typing import Final

from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.protection import Periodic
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.data_security.incidents import clockwork
from safeconduct.protections.data_security.incidents import queries as incident_queries
from safeconduct.protections.data_security.incidents import views as incidents

CONSOLE: Final = [
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/new/", incidents.new, name="incident_new"),
    path("incidents/<str:incident_id>/", incidents.one, name="incident"),
    path("incidents/<str:incident_id>/change/", incidents.change, name="incident_change"),
    path("incidents/<str:incident_id>/people/", incidents.people, name="incident_people"),
    path("incidents/<str:incident_id>/count/", incidents.count, name="incident_count"),
    path("incidents/<str:incident_id>/proof/", incidents.proof, name="incident_proof"),
    path("incidents/<str:incident_id>/close/", incidents.close, name="incident_close"),
    path("incidents/<str:incident_id>/text/<str:clock_id>/", incidents.text, name="incident_text"),
]
JOBS: Final = (Periodic("breach clocks", 30.0, clockwork.sweep),)


def console_menu() -> tuple[MenuEntry, ...]:
    """The staff's pages about personal data."""
    running = incident_queries.count_running()
    return (
        MenuEntry(
            _("Breach desk"), reverse("console:data_security:incidents"), "alert", running or None,
            "bad" if running else "",
        ),
    )  # fmt: skip
