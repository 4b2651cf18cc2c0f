"""The seller's addresses of transaction protection, under ``/portal/transactions/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.transactions import views
from safeconduct.protections.transactions.chargebacks import portal

urlpatterns = [
    path("orders/", views.orders, name="orders"),
    path("orders/<int:order_key>/", views.order, name="order"),
    path("orders/<int:order_key>/proof/", views.proof, name="proof"),
    path("chargebacks/", portal.disputes, name="chargebacks"),
    path("chargebacks/authorisation/", portal.authorise, name="authorise"),
    path("chargebacks/<slug:dispute_id>/", portal.dispute, name="chargeback"),
    path("chargebacks/<slug:dispute_id>/copy/", portal.copy, name="chargeback_copy"),
    path("chargebacks/<slug:dispute_id>/stage/", portal.stage, name="chargeback_stage"),
    path("chargebacks/<slug:dispute_id>/submit/", portal.submit, name="chargeback_submit"),
    path("chargebacks/<slug:dispute_id>/accept/", portal.accept, name="chargeback_accept"),
    path("chargebacks/<slug:dispute_id>/give-up/", portal.give_up, name="chargeback_give_up"),
]
