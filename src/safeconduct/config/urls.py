"""Every address: the front door, whether a message is from us, the portal, the console, signing in, the interface's
own, what protections host for people without an account, and the API."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from safeconduct.config.csp_reports import csp_reports
from safeconduct.kernel.file_door import hand_out
from safeconduct.kernel.protection import protections
from safeconduct.portal.views.door import front_door
from safeconduct.portal.views.messages import message
from safeconduct.portal.views.public import fairness

urlpatterns: list[URLPattern | URLResolver] = [
    path("", front_door, name="front_door"),
    path("fairness/", fairness, name="public_fairness"),
    path("message/", message, name="message"),
    path("csp-reports/", csp_reports, name="csp_reports"),
    path("files/<str:ticket>/", hand_out, name="hand_out"),
    path("portal/", include("safeconduct.portal.urls")),
    path("console/", include("safeconduct.console.urls")),
    # Before allauth's own: what asks for more than allauth does stands under its address.
    *(path(f"{one.name}/", include(one.public_urls)) for one in protections() if one.public_urls is not None),
    path("accounts/", include("allauth.urls")),
    path("ui/", include("safeconduct.kernel.ui.urls")),
    path("record/", include("safeconduct.api.record")),
    path("", include("safeconduct.api.urls")),
]
if settings.MODE == "development":
    from safeconduct.kernel.ui.gallery import gallery

    urlpatterns.append(path("ui/gallery/", gallery, name="gallery"))

handler400 = "safeconduct.kernel.ui.views.handler400"
handler403 = "safeconduct.kernel.ui.views.handler403"
handler404 = "safeconduct.kernel.ui.views.handler404"
handler500 = "safeconduct.kernel.ui.views.handler500"
