"""The console's addresses."""

from __future__ import annotations

from django.urls import path

from safeconduct.console.views import decisions, editor, lists, people, policies, queue, sellers, versions, webhooks

app_name = "console"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("queue/bulk/", queue.bulk, name="bulk"),
    path("reviews/<str:decision_id>/take/", queue.take, name="take"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:decision_id>/", decisions.decision, name="decision"),
    path("decisions/<str:decision_id>/rule/", queue.rule_on, name="rule"),
    path("decisions/<str:decision_id>/label/", decisions.label, name="label"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", editor.new, name="new_policy"),
    path("policies/<slug:name>/", policies.policy, name="policy"),
    path("policies/<slug:name>/draft/", editor.start, name="start_draft"),
    path("policies/<slug:name>/roll-back/", policies.roll_back, name="roll_back"),
    path("policies/<slug:name>/snooze/", policies.snooze, name="snooze"),
    path("policies/<slug:name>/unmute/<int:mute_id>/", policies.unmute, name="unmute"),
    path("versions/<str:version_id>/", versions.version, name="version"),
    path("versions/<str:version_id>/text/", versions.text, name="version_text"),
    path("versions/<str:version_id>/rules/<str:name>/", versions.rule, name="rule_page"),
    path("versions/<str:version_id>/edit/", editor.edit, name="edit"),
    path("versions/<str:version_id>/compare/", versions.compare, name="compare"),
    path("versions/<str:version_id>/backtest/", policies.backtest, name="backtest"),
    path("versions/<str:version_id>/<slug:verb>/", policies.step, name="step"),
    path("lists/", lists.lists, name="lists"),
    path("lists/<slug:name>/", lists.one, name="list"),
    path("lists/<slug:name>/add/", lists.add, name="list_add"),
    path("lists/<slug:name>/end/<str:entry_id>/", lists.end, name="list_end"),
    path("sellers/", sellers.sellers, name="sellers"),
    path("sellers/key/<int:key>/", sellers.by_key, name="seller_by_key"),
    path("sellers/<str:seller_id>/", sellers.seller, name="seller"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/mail/again/", webhooks.mail_again, name="mail_again"),
    path("webhooks/deliveries/<str:delivery_id>/", webhooks.delivery, name="delivery"),
    path("webhooks/deliveries/<str:delivery_id>/resend/", webhooks.resend, name="delivery_resend"),
    path("webhooks/<str:endpoint_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<str:endpoint_id>/change/", webhooks.change, name="webhook_change"),
    path("webhooks/<str:endpoint_id>/resend/", webhooks.resend_period, name="webhook_resend"),
    path("webhooks/<str:endpoint_id>/<slug:verb>/", webhooks.act, name="webhook_act"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/invitations/<str:invitation_id>/withdraw/", people.withdraw, name="withdraw"),
    path("people/<str:person_id>/role/", people.role, name="role"),
    path("people/<str:person_id>/<slug:verb>/", people.act, name="person_act"),
    path("welcome/<str:token>/", people.welcome, name="welcome"),
]
