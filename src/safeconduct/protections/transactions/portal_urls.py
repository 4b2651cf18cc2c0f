"""The seller's addresses of transaction protection, under ``/portal/transactions/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.transactions import views
from safeconduct.protections.transactions.chargebacks import portal, portal_documents, portal_early

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
    path("chargebacks/<slug:dispute_id>/refund/", portal_early.refund_inquiry, name="chargeback_refund"),
    path("chargebacks/<slug:dispute_id>/files/", portal_documents.add, name="chargeback_add"),
    path("bank-documents/", portal_documents.kept, name="bank_documents"),
    path("bank-documents/keep/", portal_documents.keep, name="bank_documents_keep"),
    path("bank-documents/<slug:document_id>/remove/", portal_documents.remove, name="bank_document_remove"),
    path("warnings/<slug:warning_id>/", portal_early.warning, name="warning"),
    path("warnings/<slug:warning_id>/refund/", portal_early.refund, name="warning_refund"),
    path("warnings/<slug:warning_id>/wait/", portal_early.wait, name="warning_wait"),
]
