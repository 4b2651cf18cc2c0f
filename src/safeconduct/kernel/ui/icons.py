"""The icons: own line drawings on a grid of 24, one path each, coloured by the text around them."""

from __future__ import annotations

from typing import Final

from django.utils.safestring import SafeString

from safeconduct.kernel.ui.svg import element

PATHS: Final[dict[str, str]] = {
    "alert": "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.1",
    "back": "M19 12H5M11 6l-6 6 6 6",
    "bell": "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0",
    "block": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M6.2 6.2l11.6 11.6",
    "book": "M12 6.5C10 5 7 4.5 4 4.8v13.4c3-.3 6 .2 8 1.7 2-1.5 5-2 8-1.7V4.8c-3-.3-6 .2-8 1.7zM12 6.5v13.4",
    "card": "M3.5 6h17v12h-17zM3.5 10h17M7 14.5h3",
    "chart": "M4 20h16M7 16v-4M12 16V7M17 16v-6.5",
    "check": "M4.5 12.5 10 18 19.5 7",
    "clock": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 7.5V12l3 2",
    "coins": "M9 5c3 0 5 1 5 2.3S12 9.6 9 9.6 4 8.6 4 7.3 6 5 9 5M4 7.3v5c0 1.3 2 2.3 5 2.3M14 7.3V10"
    "M15 11.6c3 0 5 1 5 2.3s-2 2.3-5 2.3-5-1-5-2.3 2-2.3 5-2.3M10 13.9v3.6c0 1.3 2 2.3 5 2.3s5-1 5-2.3v-3.6",
    "copy": "M9 9h11v11H9zM15 9V4H4v11h5",
    "cross": "M6 6l12 12M18 6 6 18",
    "device": "M7 3h10v18H7zM11 18h2",
    "dot": "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
    "down": "M6 9.5l6 6 6-6",
    "download": "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
    "eye": "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6"
    " 2.8 2.8 0 0 0 0-5.6",
    "file": "M6 3h8l4.5 4.5V21H6zM14 3v5h4.5M9 13h6M9 16.5h6",
    "filter": "M3.5 5.5h17L14 13v6l-4-2v-4z",
    "gear": "M12 8.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4M12 3v2.6M12 18.4V21M3 12h2.6M18.4 12H21"
    "M5.6 5.6l1.9 1.9M16.5 16.5l1.9 1.9M5.6 18.4l1.9-1.9M16.5 7.5l1.9-1.9",
    "globe": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M3.5 12h17M12 3.5c-5 5-5 12 0 17 5-5 5-12 0-17",
    "home": "M4 11l8-7 8 7v9h-5.5v-5.5h-5V20H4z",
    "inbox": "M4 13.5 6.5 5h11l2.5 8.5V19H4zM4 13.5h5c0 4 6 4 6 0h5",
    "info": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 11v5M12 8v.1",
    "key": "M8 10.5a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11 11.5 19.5 4M16 7l3 3",
    "link": "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17",
    "list": "M8.5 6H20M8.5 12H20M8.5 18H20M4.5 6v.1M4.5 12v.1M4.5 18v.1",
    "lock": "M5.5 11h13v9.5h-13zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    "moon": "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
    "next": "M9.5 6l6 6-6 6",
    "none": "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12",
    "out": "M14 4.5H5v15h9M10 12h10M16.5 8.5 20 12l-3.5 3.5",
    "people": "M9 5a3.2 3.2 0 1 0 0 6.4A3.2 3.2 0 0 0 9 5M3 19.5c0-6.5 12-6.5 12 0M15.5 5.3a3.2 3.2 0 0 1 0 5.9"
    "M17 14.5c2.5.6 4 2.3 4 5",
    "pin": "M12 21s-6.5-6-6.5-11a6.5 6.5 0 0 1 13 0c0 5-6.5 11-6.5 11zM12 8a2.2 2.2 0 1 0 0 4.4A2.2 2.2 0 0 0 12 8",
    "plus": "M12 5v14M5 12h14",
    "previous": "M14.5 6l-6 6 6 6",
    "question": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M9.5 9.5a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.7"
    "M12 16.5v.1",
    "refresh": "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15",
    "rules": "M8 4c-2.5 0-2.5 1.5-2.5 3.5S5.5 12 3.5 12c2 0 2 2.5 2 4.5S5.5 20 8 20M16 4c2.5 0 2.5 1.5 2.5 3.5"
    "s0 4.5 2 4.5"
    "c-2 0-2 2.5-2 4.5S18.5 20 16 20M12 9v.1M12 15v.1",
    "scale": "M12 4v16M7.5 20h9M5 7l7-1.5L19 7M5 7l-2.5 6.5c0 2 5 2 5 0zM19 7l-2.5 6.5c0 2 5 2 5 0z",
    "search": "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20.5 20.5",
    "seal": "M12 3.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M9.5 9.5l2 2 3.2-3.5M8.5 14.5 7 21l5-2.5L17 21l-1.5-6.5",
    "send": "M20.5 4 3.5 11l7 2.5L13 20.5zM10.5 13.5l4-4",
    "shield": "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM8.5 12.2l2.4 2.4 4.8-5",
    "shop": "M4.5 10v10h15V10M3 9.5 5 4h14l2 5.5c0 2.5-4.5 2.5-4.5 0 0 2.5-4.5 2.5-4.5 0 0 2.5-4.5 2.5-4.5 0"
    " 0 2.5-4.5 2.5-4.5 0M10 20v-5h4v5",
    "sort": "M8 9.5l4-4 4 4M8 14.5l4 4 4-4",
    "sort-down": "M7 9.5l5 6 5-6",
    "sort-up": "M7 14.5l5-6 5 6",
    "sun": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3 7 7M17 17l1.7 1.7"
    "M5.3 18.7 7 17M17 7l1.7-1.7",
    "tag": "M4 4h8l8.5 8.5-8 8L4 12zM8 8v.1",
    "truck": "M2.5 6h11v10.5h-11zM13.5 9.5h4l3.5 3.5v3.5h-7.5M6.5 16.5a2 2 0 1 0 0 .1M17 16.5a2 2 0 1 0 0 .1",
    "undo": "M4.5 9.5h10a5 5 0 0 1 0 10H9M8.5 5.5l-4 4 4 4",
    "user": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.5 20.5c0-8 15-8 15 0",
    "webhook": "M12 4.5a3 3 0 0 0-1.5 5.6L7.5 15M12 4.5a3 3 0 0 1 2.9 3.7M6.5 14.5a3 3 0 1 0 3 3.5h6M13.5 10l3 5"
    "M16.5 14.6a3 3 0 1 1-1 5.6",
}

#: Icons that point along the line of reading; they turn around in right-to-left languages.
DIRECTED: Final = frozenset({"back", "next", "out", "previous", "send", "undo", "list"})


def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon as inline SVG; hidden from assistive technology unless it has a `label`.

    Raises KeyError for an unknown name: a missing icon is a mistake of the template.
    """
    classes = " ".join(filter(None, ("icon", "turns" if name in DIRECTED else "", css)))
    path = element("path", d=PATHS[name])
    if label:
        return element("svg", element("title", label), path, class_=classes, viewBox="0 0 24 24", role="img")
    return element("svg", path, class_=classes, viewBox="0 0 24 24", aria_hidden="true", focusable="false")
