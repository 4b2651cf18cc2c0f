"""The staff's addresses of account security, under ``/console/accounts/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.accounts.ownership import console_views as ownership
from safeconduct.protections.accounts.payout import console_views as payout
from safeconduct.protections.accounts.sign_in import case_views

urlpatterns = [
    path("payout/", payout.queue, name="payout"),
    path("payout/stops/<slug:stop_id>/end/", payout.propose_end, name="payout_end_stop"),
    path("payout/proposals/<slug:proposal_id>/agree/", payout.agree, name="payout_agree"),
    path("payout/proposals/<slug:proposal_id>/withdraw/", payout.withdraw, name="payout_withdraw"),
    path("payout/<slug:account_id>/", payout.one, name="payout_one"),
    path("payout/<slug:account_id>/number/", payout.number, name="payout_number"),
    path("payout/<slug:account_id>/holder/", payout.holder, name="payout_holder"),
    path("payout/<slug:account_id>/judge/", payout.judge, name="payout_judge"),
    path("payout/<slug:account_id>/give-back/", payout.propose_return, name="payout_give_back"),
    path("ownership/", ownership.claims, name="ownership"),
    path("ownership/<str:claim_id>/", ownership.claim, name="ownership_claim"),
    path("ownership/<str:claim_id>/papers/<int:number>/", ownership.paper, name="ownership_paper"),
    path("ownership/<str:claim_id>/<slug:verb>/", ownership.act, name="ownership_act"),
    path("cases/", case_views.account_cases, name="account_cases"),
    path("cases/<str:case_id>/", case_views.account_case, name="account_case"),
    path("cases/<str:case_id>/decide/", case_views.decide, name="decide_account_case"),
]
