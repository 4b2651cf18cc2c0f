"""The portal's addresses. Each protection's own lie under its name."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from safeconduct.kernel.protection import protections
from safeconduct.portal.views import decisions, home, money, notices, settings

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:decision_id>/", decisions.decision, name="decision"),
    path("decisions/<str:decision_id>/second-look/", decisions.second_look, name="second_look"),
    path("decisions/<str:decision_id>/proof/", decisions.proof, name="proof"),
    path("money/", money.money, name="money"),
    path("money/statement/", money.statement, name="statement"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="notices_read"),
    path("notices/<str:notice_id>/", notices.open_notice, name="notice"),
    path("settings/", settings.settings_page, name="settings"),
    path("settings/seller/", settings.choose_seller, name="choose_seller"),
    *(path(f"{p.name}/", include(p.portal_urls)) for p in protections() if p.portal_urls is not None),
]
