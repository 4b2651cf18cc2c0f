"""The tag of pages that speak with a passkey: ``{% load passkeys %}``."""

from __future__ import annotations

import json

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def passkey_script(form: str, **ids: str) -> SafeString:
    """Which elements allauth's script works with, by their ids; ``form``: its function, such as ``addForm``. It is data
    that the script reads, not code, so that the content security policy lets it stand. Ids are ours, and hold no
    letter that HTML writes otherwise."""
    told = SafeString(json.dumps({"ids": ids}))
    return format_html(
        '<script data-allauth-onload="allauth.webauthn.forms.{}" type="application/json">{}</script>', form, told
    )
