"""The staff's pages about coverage, under ``/console/transactions/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.transactions import console_costs, console_views
from safeconduct.protections.transactions.chargebacks import console as chargebacks
from safeconduct.protections.transactions.chargebacks import (
    console_before,
    console_by_hand,
    console_readiness,
    console_terms,
)

urlpatterns = [
    path("templates/", console_views.templates, name="templates"),
    path("templates/new/", console_views.new, name="new_template"),
    path("templates/<str:version_id>/", console_views.version, name="template"),
    path("templates/<str:version_id>/edit/", console_views.edit, name="edit_template"),
    path("templates/<str:version_id>/compare/", console_views.compare, name="compare_templates"),
    path("templates/<str:version_id>/simulate/", console_views.simulation, name="simulate_template"),
    path("templates/<str:version_id>/approve/", console_views.approve, name="approve_template"),
    path("templates/<str:version_id>/reject/", console_views.reject, name="reject_template"),
    path("costs/", console_costs.costs_page, name="costs"),
    path("chargebacks/", chargebacks.disputes, name="chargebacks"),
    path("chargebacks/new/", console_by_hand.opened, name="chargeback_new"),
    path("chargebacks/before/", console_before.early_signs, name="early_signs"),
    path("warnings/<str:warning_id>/refund/", console_before.refund_warned, name="warning_refund"),
    path("warnings/<str:warning_id>/wait/", console_before.wait, name="warning_wait"),
    path("inquiries/<str:dispute_id>/refund/", console_before.refund_inquiry, name="inquiry_refund"),
    path("terms/", console_terms.terms, name="terms"),
    path("terms/<str:document_id>/remove/", console_terms.remove, name="terms_remove"),
    path("terms/<str:document_id>/file/", console_terms.file, name="terms_file"),
    path("chargebacks/readiness/", console_readiness.report, name="readiness"),
    path("chargebacks/<slug:dispute_id>/", chargebacks.dispute, name="chargeback"),
    path("chargebacks/<slug:dispute_id>/told/", console_by_hand.told, name="chargeback_told"),
    path("chargebacks/<slug:dispute_id>/copy/", chargebacks.copy, name="chargeback_copy"),
    path("chargebacks/<slug:dispute_id>/stage/", chargebacks.stage, name="chargeback_stage"),
    path("chargebacks/<slug:dispute_id>/submit/", chargebacks.submit, name="chargeback_submit"),
    path("chargebacks/<slug:dispute_id>/accept/", chargebacks.accept, name="chargeback_accept"),
    path("chargebacks/<slug:dispute_id>/give-up/", chargebacks.give_up, name="chargeback_give_up"),
    path("chargebacks/<slug:dispute_id>/send-again/", chargebacks.send_again, name="chargeback_send_again"),
    path("chargebacks/<slug:dispute_id>/hand-in/", chargebacks.hand_in, name="chargeback_hand_in"),
]
