"""The living gallery: every component on one page, in both themes, for whoever builds pages.

The project's root URLs offer it only where DEBUG is on. Its figures are invented. ``?shell=portal`` shows the sellers'
shell.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from safeconduct.kernel.ui.charts import Series
from safeconduct.kernel.ui.code import Diagnostic
from safeconduct.kernel.ui.graph import Edge, Node
from safeconduct.kernel.ui.parts import (
    Account,
    Choice,
    Contribution,
    Diffed,
    Filter,
    Hint,
    MenuEntry,
    Moment,
    Page,
    Reason,
    Shell,
    Step,
    View,
)

POLICY: Final = """\
# Orders that look like card testing or a stolen card.
policy: order-risk
on: order.placed

features:
  card_shops_1h:     {distinct: seller, by: card, over: 1 hour}
  buyer_orders_90d:  {count: order.placed, by: buyer, over: 90 days}
  buyer_refunds_90d: {count: refund.requested, by: buyer, over: 90 days}

rules:
  card_at_many_shops:
    when: card_shops_1h >= 3 AND amount > money('50 USD')
    then: review
    because: {en: "Card used at {card_shops_1h} shops within an hour"}

  serial_refunder:
    when: buyer_order_90d >= 5 AND buyer_refunds_90d / buyer_orders_90d > 0.6
    then: review
    because: {en: "{buyer_refunds_90d} of the buyer's {buyer_orders_90d} orders ended in a refund"}
"""

FAULTS: Final = (
    Diagnostic(
        17,
        11,
        "There is no feature or field named buyer_order_90d.",
        "Did you mean buyer_orders_90d?",
        file="order-risk.yaml",
    ),
    Diagnostic(
        12,
        3,
        "The rule card_at_many_shops teaches nothing.",
        "Add teaches: with the lesson sellers should see.",
        level="warning",
        file="order-risk.yaml",
    ),
)


class ExampleForm(forms.Form):
    """A form with a fault in it."""

    name = forms.CharField(label="Name of the key", help_text="Where it is used, such as “webshop, live”.")
    mail = forms.EmailField(label="E-mail", required=False)
    scope = forms.ChoiceField(
        label="What it may do", choices=[("read", "Read only"), ("write", "Read and send events")]
    )
    agree = forms.BooleanField(label="I have stored the secret in a safe place", required=False)


class EditorForm(forms.Form):
    """A policy to edit."""

    text = forms.CharField(label="Policy text", widget=forms.Textarea)


def _graph() -> tuple[list[Node], list[Edge]]:
    nodes = [Node("card", "card", "card 4242", focus=True, note="used at 6 shops within an hour")]
    nodes += [Node(f"d{i}", "device", f"device {'ABC'[i]}", url="#") for i in range(3)]
    nodes += [
        Node(f"s{i}", "seller", name, url="#")
        for i, name in enumerate(("Viña del Mar", "青岛海产", "Nordlys", "Oficio"))
    ]
    nodes += [
        Node("b1", "buyer", "buyer 20417"),
        Node("b2", "buyer", "buyer 20988"),
        Node("a1", "address", "Hangzhou 310…"),
    ]
    pairs = [("card", f"d{i}") for i in range(3)] + [("card", f"s{i}") for i in range(4)]
    pairs += [("d0", "b1"), ("d1", "b2"), ("b1", "a1"), ("b2", "a1"), ("card", "b1")]
    return nodes, [Edge(a, b, strong=a == "card" and b[0] == "s") for a, b in pairs]


def _crowd() -> tuple[list[Node], list[Edge]]:
    kinds = ("buyer", "device", "seller", "address", "ip", "account", "order")
    nodes = [Node("n0", "card", "card 1881", focus=True)]
    nodes += [Node(f"n{i}", kinds[i % len(kinds)], f"{kinds[i % len(kinds)]} {1000 + i * 7}") for i in range(1, 48)]
    edges = [Edge(f"n{i}", f"n{(i * i + 3) // 11 % i}") for i in range(1, 48)]
    return nodes, edges


def _shell(portal: bool) -> Shell:
    if portal:
        names = (
            ("Home", "home", None),
            ("Orders", "truck", None),
            ("Cases", "scale", 3),
            ("Listings & brands", "tag", None),
            ("Quality", "seal", None),
            ("Compliance", "file", 1),
            ("Money", "coins", None),
            ("Academy", "book", None),
            ("Security & data", "lock", None),
        )
        menu = [MenuEntry(label, "#", icon, count, current=label == "Home") for label, icon, count in names]
        return Shell(menu, "#", account=Account("Camila Rojas", "Viña del Mar Fruits SpA", "#"))
    menu = [
        MenuEntry("Queue", "#queue", "inbox", 41, current=True, go="q"),
        MenuEntry("Decisions", "#decisions", "list", go="d"),
        MenuEntry("Policies", "#policies", "rules", go="p"),
        MenuEntry("Lists", "#lists", "filter", go="l"),
        MenuEntry("Links", "#links", "link", go="k"),
        MenuEntry("Record", "#record", "seal", go="r", group="Proof"),
        MenuEntry("Webhooks", "#webhooks", "webhook", 2, "bad", go="w", group="Proof"),
        MenuEntry("Settings", "#settings", "gear", go="s", group="Proof"),
    ]
    hints = (Hint(("A",), "Allow"), Hint(("B",), "Block"), Hint(("C",), "Ask the buyer"))
    return Shell(
        menu,
        "#",
        account=Account("Li Wei", "Risk analyst", "#", [("Security", "#", "key")]),
        search_url="#",
        hints=hints,
    )


def gallery(request: HttpRequest) -> HttpResponse:
    """All components with example content."""
    now = timezone.now()
    portal = request.GET.get("shell") == "portal"
    messages.success(request, "Order ORD-88190 is allowed. The seller has been told.")
    messages.warning(request, "Chen is looking at this case too.")
    context = {
        "shell": _shell(portal),
        "parent": "ui/portal_shell.html" if portal else "ui/console_shell.html",
        "now": now,
        "yesterday": now - timedelta(days=1, hours=3),
        "later": now + timedelta(days=1, hours=3),
        "form": ExampleForm({"name": "", "mail": "camila@", "scope": "read"}),
    }
    return render(request, "ui/gallery.html", context | _lists(now) | _case(now) | _charts() | _policy())


def _lists(now: datetime) -> dict[str, object]:
    """A queue with what stands around it."""
    queue = [
        {
            "id": "ORD-88190",
            "kind": "Order review",
            "tone": "info",
            "why": "Card used at 6 shops in 1 h; 3 devices share it",
            "minor": 412000,
            "currency": "CNY",
            "due": now + timedelta(minutes=38),
            "with": "you",
        },
        {
            "id": "CHB-1180",
            "kind": "Chargeback 10.4",
            "tone": "bad",
            "currency": "USD",
            "minor": 21240,
            "with": "",
            "why": "Compelling Evidence 3.0 met: 2 earlier orders, same IP and device",
            "due": now + timedelta(hours=3),
        },
        {
            "id": "RET-7719",
            "kind": "Return claim",
            "tone": "warn",
            "why": "Weight at return 0.21 kg, shipped 1.30 kg",
            "minor": 89900,
            "currency": "CNY",
            "due": now + timedelta(hours=9, minutes=12),
            "with": "Chen",
        },
        {
            "id": "ACC-0091",
            "kind": "Account",
            "tone": "bad",
            "minor": 1840000,
            "currency": "USD",
            "with": "",
            "why": "Payout account changed 4 min after a sign-in from a new country",
            "due": now - timedelta(minutes=20),
        },
    ]
    return {
        "queue": queue,
        "page": Page(next="c2", previous="c0", shown=4, total=41),
        "views": [
            View("Due soon", "?view=due", 6, True),
            View("Unassigned", "?view=free", 19),
            View("Mine", "?view=me", 4),
            View("High value", "?view=high"),
        ],
        "filters": [
            Filter("kind", "Kind", [Choice("order", "Order review", 12), Choice("chb", "Chargeback", 9)], "order"),
            Filter("action", "Action", [Choice("review", "Review"), Choice("block", "Block")]),
        ],
    }


def _case(now: datetime) -> dict[str, object]:
    """What the pages of one order or case are made of."""
    return {
        "reasons": [
            Reason(
                "Card used at 6 shops within an hour",
                "review",
                "card_at_many_shops",
                "13",
                [("card_shops_1h", "6"), ("amount", "¥4,120.00")],
                lesson_url="#",
            ),
            Reason("New device for this buyer", "allow", "", facts=[("devices", "3")]),
        ],
        "contributions": [
            Contribution("Card used at 6 shops in 1 h", 0.38),
            Contribution("3 devices, same card, 20 min", 0.22),
            Contribution("Address known for 2 years", -0.08),
        ],
        "moments": [
            Moment("Order placed", now - timedelta(hours=2), "from the shop system"),
            Moment("Held by card_at_many_shops", now - timedelta(hours=2), "9 ms", "warn"),
            Moment("3-D Secure failed", now - timedelta(hours=1, minutes=59), "", "bad"),
            Moment("A person decides", now + timedelta(minutes=38), "or the hold ends", "next"),
        ],
        "steps": [
            Step("Opened", "22 Nov", "done"),
            Step("Seller answers", "until 24 Nov, 11:00", "now"),
            Step("Platform decides", "5 working days"),
            Step("Appeal", "7 days"),
            Step("Closed"),
        ],
        "pairs": [("Order", "ORD-88190"), ("Policy", "order-risk, version 13"), ("Decided", "in 9 ms, automatically")],
        "sums": [
            ("Refund asked", "¥744.00"),
            ("Held from your balance", "¥744.00"),
            ("Covered if you win", "yes, up to ¥744.00"),
        ],
    }


def _charts() -> dict[str, object]:
    nodes, edges = _graph()
    crowd, crowd_edges = _crowd()
    return {
        "weeks": [f"{day} Sep" for day in (7, 14, 21, 28)]
        + [f"{day} Oct" for day in (5, 12, 19, 26)]
        + [f"{day} Nov" for day in (2, 9, 16, 23)],
        "claims": [
            Series("Closed in your favour", [4, 5, 4, 6, 5, 7, 5, 6, 4, 7, 5, 4], "good"),
            Series("Shared", [1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1], "warn"),
            Series("Against you", [0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0], "bad"),
        ],
        "rates": [
            Series("Live", [0.0184, 0.018, 0.019, 0.0175, 0.0182, 0.0191, 0.0187, None, 0.018, 0.0179, 0.0183, 0.0184]),
            Series(
                "Draft",
                [0.015, 0.0152, 0.0149, 0.0151, 0.0158, 0.015, 0.0152, 0.0149, 0.015, 0.0151, 0.0152, 0.0152],
                "violet",
            ),
        ],
        "trend": [3, 4, 3, 6, 5, 8, 7, 9],
        "shares": [("In favour", 71.0, "good"), ("Shared", 19.0, "warn"), ("Against", 10.0, "bad")],
        "nodes": nodes,
        "edges": edges,
        "crowd": crowd,
        "crowd_edges": crowd_edges,
    }


def _policy() -> dict[str, object]:
    return {
        "edit": EditorForm({"text": POLICY}),
        "policy": POLICY,
        "faults": FAULTS,
        "diff": Diffed(
            POLICY,
            POLICY.replace(">= 3", ">= 4").replace("> 0.6", "> 0.5").replace("    then: review\n", "", 1),
            "version 13",
            "draft 14",
        ),
    }
