"""What a web process reads and compiles before its first request, so that nobody who asks waits for it."""

from __future__ import annotations

import gc
import logging

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.urls import get_resolver
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)
#: What a few requests leave behind; at Python's 700 the collector comes several times within one.
_YOUNG = 10_000


def warm_up() -> None:
    """Imports every page, reads the texts and rules that ship with the program, and compiles the policies in force.
    Where the database does not answer yet, the first request does its part."""
    _ = get_resolver().url_patterns
    get_adapter()
    import_string(settings.MESSAGE_STORAGE)
    from safeconduct.kernel.decisions import engine, reactions
    from safeconduct.kernel.notices import texts
    from safeconduct.kernel.vault import holder

    reactions.event_types()
    texts.texts()
    try:
        holder.deployment()
        engine.make_ready()
    except Exception as problem:  # whatever it is, the first request finds it as well, and says so to who asks
        logger.warning("a web process begins without what the database has (%s)", type(problem).__name__)
    gc.collect()
    gc.freeze()  # a quarter of a million objects that stay: the collector need not look at them again and again
    gc.set_threshold(_YOUNG, 20, 20)
