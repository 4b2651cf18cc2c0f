"""The seller's addresses of transaction protection, under ``/portal/transactions/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.transactions import views

urlpatterns = [
    path("orders/", views.orders, name="orders"),
    path("orders/<int:order_key>/", views.order, name="order"),
    path("orders/<int:order_key>/proof/", views.proof, name="proof"),
]
