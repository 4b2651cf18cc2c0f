"""The buyer's addresses, under ``/disputes/``, each with the signed token of an order."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.disputes import hosted

app_name = "disputes"
urlpatterns = [
    path("<str:token>/", hosted.show, name="show"),
    path("<str:token>/open/", hosted.open_one, name="open"),
    path("<str:token>/<int:number>/evidence/<str:evidence_id>/", hosted.piece, name="piece"),
    path("<str:token>/<int:number>/export/", hosted.export, name="export"),
    path("<str:token>/<int:number>/<slug:verb>/", hosted.act, name="act"),
]
