"""The portal's addresses, each behind the door. Each protection's own lie under its name."""

from __future__ import annotations

from importlib import import_module

from django.urls import URLPattern, URLResolver, include, path

from safeconduct.kernel.protection import Protection, protections
from safeconduct.portal.access import door
from safeconduct.portal.views import decisions, home, money, notices, outside, people, refunds, settings


def _of(protection: Protection) -> URLResolver:
    """A protection's addresses: a flat list of paths, whose views get a `MemberRequest`."""
    assert protection.portal_urls is not None
    patterns: list[URLPattern] = import_module(protection.portal_urls).urlpatterns
    guarded = [URLPattern(p.pattern, door(p.callback), p.default_args, p.name) for p in patterns]
    return path(f"{protection.name}/", include((guarded, protection.name)))


app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", door(home.home), name="home"),
    path("cases/<str:case_id>/refer/", door(outside.refer), name="refer"),
    path("cases/<str:case_id>/file/", door(outside.file), name="case_file"),
    path("decisions/", door(decisions.decisions), name="decisions"),
    path("decisions/<str:decision_id>/", door(decisions.decision), name="decision"),
    path("decisions/<str:decision_id>/second-look/", door(decisions.second_look), name="second_look"),
    path("decisions/<str:decision_id>/proof/", door(decisions.proof), name="proof"),
    path("money/", door(money.money), name="money"),
    path("money/statement/", door(money.statement), name="statement"),
    path("money/refunds/", door(refunds.refunds_due), name="refunds_due"),
    path("notices/", door(notices.notices), name="notices"),
    path("notices/read/", door(notices.read_all), name="notices_read"),
    path("notices/<str:notice_id>/", door(notices.open_notice), name="notice"),
    path("people/", door(people.people), name="people"),
    path("people/invite/", door(people.invite), name="invite"),
    path("people/invitations/<str:invitation_id>/withdraw/", door(people.withdraw), name="withdraw"),
    path("people/powers/", door(people.powers), name="powers"),
    path("people/<str:membership_id>/powers/", door(people.member_powers), name="member_powers"),
    path("people/<str:membership_id>/until/", door(people.end_later), name="member_until"),
    path("people/<str:membership_id>/sessions/", door(people.end_sessions), name="member_sessions"),
    path("people/<str:membership_id>/role/", door(people.change_role), name="member_role"),
    path("people/<str:membership_id>/end/", door(people.end), name="member_end"),
    path("settings/", door(settings.settings_page), name="settings"),
    path("settings/seller/", door(settings.choose_seller), name="choose_seller"),
    path("welcome/<str:token>/", people.welcome, name="welcome"),
    *(_of(protection) for protection in protections() if protection.portal_urls is not None),
]
