"""The buyer's addresses, under ``/returns/``, each with the signed token of an order."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.returns import hosted

app_name = "returns"
urlpatterns = [
    path("<str:token>/", hosted.show, name="show"),
    path("<str:token>/open/", hosted.open_one, name="open"),
    path("<str:token>/<str:return_id>/evidence/<str:evidence_id>/", hosted.piece, name="piece"),
    path("<str:token>/<str:return_id>/export/", hosted.export, name="export"),
    path("<str:token>/<str:return_id>/<slug:verb>/", hosted.act, name="act"),
]
