"""How an archive is handed out: as a file to keep, never shown as part of a page of ours."""

from __future__ import annotations

from django.http import HttpResponse

from safeconduct.protections.data_security.requests.models import DataRequest


def served(request: DataRequest, data: bytes) -> HttpResponse:
    """The archive of a request."""
    return HttpResponse(
        data,
        headers={
            "Content-Type": "application/zip", "Content-Disposition": f'attachment; filename="{request.id}.zip"',
            "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )  # fmt: skip
