"""Every form of the portal, the console and the buyers' pages, filled in as nobody means it: never a fault of ours.

Forms are found by following links in a marketplace that has something on every page; each of their fields is given
values that are huge, negative, of another alphabet or kind, twice, or not at all, and so is what links ask for.
"""

from __future__ import annotations

import os
import random
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.pages.furnished import _signed_in_again, furnished
from tests.pages.test_every_page import name_of
from tests.roles import table
from tests.roles.two_shops import FORM

from safeconduct.kernel.buyer_pages import token_of
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import query, staff_scope

#: What no form asks for.
HOSTILE: Final = (
    "", " ", "0", "-1", "9" * 400, "9" * 5000, "²", "99999999999999999999", "-9223372036854775809", "1e999", "NaN", "0.000000001", "١٢",
    "\u202egnp.exe", "\u0000", "é" * 9000, "😀", "<script>alert(1)</script>", "' OR 1=1 --", "%s %(x)s {0}", "nothing",
    "2026-02-30", "0001-01-01T00:00", "9999-12-31T23:59", "99999-01-01", "2026-03-29T02:30", "../../etc/passwd", "null",
    "[]", "\r\nSet-Cookie: a=b", "a@b", "XX 99999999999", "\ud800",
)  # fmt: skip
#: Places in lists of another kind, well written: [5, "x"], ["a", "x"], a time with a number, a time and no number.
PLACES: Final = (
    "WzUsIngiXQ",
    "WyJhIiwgIngiXQ",
    "W3siYXQiOiIyMDI2LTA2LTAxVDAwOjAwOjAwKzAwOjAwIn0sNV0",
    "2026-06-01T00:00:00+00:00~abc",
)
#: For all fields at once, and for each alone beside the others as the page had them; more with SAFECONDUCT_LONG_TESTS=1.
TOGETHER, ALONE = (6, 3) if os.environ.get("SAFECONDUCT_LONG_TESTS") else (2, 1)
#: Whoever is signed out by a form fills in no other.
LEFT_ALONE: Final = frozenset({"account_logout"})
#: What pages ask for in their addresses, whether a link says so or not.
ASKED: Final = ("after", "before", "format", "q", "show", "side", "since", "until", "seller", "order", "language")
_MOST_OF_A_ROUTE: Final = 2
#: Fields in which nobody writes what could be shown again.
_NOT_WRITTEN: Final = frozenset({"hidden", "password", "file", "checkbox", "radio", "submit"})
#: Where somebody begins → a page behind the same door that is made in a third of the time.
_BEHIND: Final = {"/portal/": "/portal/data_security/my-data/", "/console/": "/console/policies/new/"}
_FORM_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Form:
    """A form of a page: its fields with what stands in them, the fields for files, and its buttons' names and values;
    which fields somebody writes in, which the page itself has filled in, and the page's address."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    page: str = ""

    @property
    def kind(self) -> tuple[object, ...]:
        """What two forms have in common that ask for the same."""
        names = frozenset(self.fields) | self.files
        return name_of(self.action) or self.action, self.method, names, tuple(sorted(self.buttons))


class _Forms(HTMLParser):
    """The forms of a page, with fields that belong to one by their attribute."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here, self.found, self.named = here, list[Form](), dict[str, Form]()
        self.inside: Form | None = None
        self.select: str | None = None
        self.area: str | None = None

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in given}
        if tag == "form":
            self.inside = Form(urljoin(self.here, told.get("action", "")), told.get("method", "get").lower())
            self.found.append(self.inside)
            self.named[told.get("id", "")] = self.inside
        form, name = self.named.get(told["form"]) if "form" in told else self.inside, told.get("name", "")
        if form is None:
            return
        if tag == "input" and name and name != "csrfmiddlewaretoken":
            if told.get("type") == "hidden":
                form.given.add(name)
            elif told.get("type", "text") not in _NOT_WRITTEN:
                form.written.add(name)
            if told.get("type") == "file":
                form.files.add(name)
            elif told.get("type") not in ("checkbox", "radio") or "checked" in told:
                form.fields.setdefault(name, []).append(told.get("value", "on"))
            else:
                form.fields.setdefault(name, [])
        elif tag == "select" and name:
            form.fields.setdefault(name, [])
            self.select = name
        elif tag == "option" and self.select and ("selected" in told or not form.fields[self.select]):
            form.fields[self.select] = [told.get("value", "")]
        elif tag == "textarea" and name:
            form.fields[name] = [""]
            form.written.add(name)
            self.area = name
        elif tag == "button" and told.get("type", "submit") == "submit":
            if name:
                form.buttons.append((name, told.get("value", "")))
            if "formaction" in told:
                action = urljoin(self.here, told["formaction"])
                self.found.append(Form(action, "post", form.fields, form.files, written=form.written, given=form.given))

    def handle_data(self, data: str) -> None:
        if self.area and self.inside:
            self.inside.fields[self.area] = [self.inside.fields[self.area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None


def forms_on(body: str, address: str) -> list[Form]:
    """The forms of a page."""
    parser = _Forms(urlsplit(address).path)
    parser.feed(body)
    for form in parser.found:
        form.page = address
    return parser.found


def crawled(client: Client, *begins: str) -> tuple[dict[tuple[object, ...], Form], dict[str, str]]:
    """The forms behind some addresses, each kind once, and an address with what it asks for of each page."""
    forms, pages, seen = dict[tuple[object, ...], Form](), dict[str, str](), dict[str, set[str]]()
    waiting, led_on = deque(begins), set[str]()
    while waiting:
        address = waiting.popleft()
        route, path = name_of(address), urlsplit(address).path
        of_route = seen.setdefault(route, set())
        if not route or route in LEFT_ALONE or path in of_route or len(of_route) >= _MOST_OF_A_ROUTE:
            continue
        answer = client.get(address)
        if answer.status_code in (302, 303) and path not in led_on:
            # A link leads on to a page of the same route, which is to have its place.
            led_on.add(path)
            waiting.append(answer.headers["Location"])
            continue
        of_route.add(path)
        if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("text/html"):
            continue
        body = answer.content.decode()
        pages.setdefault(route, address)
        for form in forms_on(body, address):
            forms.setdefault(form.kind, form)
        for href in re.findall(r'href="([^"#]+)"', body):
            target = unescape(href)
            target = target if target.startswith("/") else path + target if target.startswith("?") else ""
            if target and not urlsplit(target).path.startswith("/static/"):
                waiting.append(target)
    return forms, pages


def spoilt(form: Form, dice: random.Random) -> Iterator[dict[str, Any]]:
    """A form as nobody sends it: all fields at once, each alone, twice, missing, and a file where none belongs."""
    buttons = [dict([button]) for button in form.buttons] or [{}]
    names = sorted(form.fields)
    for button in buttons:
        yield {**button}
        for _ in range(TOGETHER):
            yield {name: dice.choice(HOSTILE) for name in names} | _files(form, dice) | button
        for name in names:
            for value in dice.sample(HOSTILE, ALONE):
                yield {**form.fields, name: value, **_files(form, dice), **button}
            yield {**form.fields, name: [*form.fields[name], *dice.sample(HOSTILE, 2)], **button}
            yield {each: values for each, values in form.fields.items() if each != name} | button
            yield {**form.fields, name: SimpleUploadedFile("a.txt", b"not a field for files"), **button}
        for name in sorted(form.files):
            yield {**form.fields, name: "no file", **button}
            yield {**form.fields, name: [SimpleUploadedFile("é\u202e.png", b"\x89PNG\r\n\x1a\n")] * 2, **button}
    yield {dice.choice(HOSTILE) or "x": "x", **form.fields}


def _files(form: Form, dice: random.Random) -> dict[str, Any]:
    insides = (
        b"",
        b"\xff\xfe",
        b"%PDF-1.7 %%EOF",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"\x00\x00\x00\x18ftypmp42",
    )
    return {name: SimpleUploadedFile("a", dice.choice(insides)) for name in sorted(form.files)}


def sent(client: Client, method: str, address: str, data: dict[str, Any]) -> str:
    """Sends a form; what is wrong with the answer, or nothing."""
    with_files = any(isinstance(one, SimpleUploadedFile) for value in data.values() for one in _each(value))
    try:
        if with_files:
            told = {name: _rewound(value) for name, value in data.items() if "\ud800" not in f"{name}{value}"}
            status = client.post(address, told).status_code
        else:
            # Half of a pair goes out as the bytes that a broken program would send for it.
            told_as = urlencode(data, doseq=True, errors="surrogatepass")
            answer = (
                client.get(f"{address}{'&' if '?' in address else '?'}{told_as}")
                if method == "get"
                else client.post(address, told_as, _FORM_TYPE)
            )
            status = answer.status_code
    except Exception as problem:
        return f"{method} {address} {_short(data)}: {type(problem).__name__}: {str(problem)[:300]}"
    return f"{method} {address} {_short(data)}: {status}" if status >= 500 else ""


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _rewound(value: Any) -> Any:
    for one in _each(value):
        if isinstance(one, SimpleUploadedFile):
            one.seek(0)
    return value


def _short(data: dict[str, Any]) -> str:
    return str({name: str(value)[:60] for name, value in data.items()})[:500]


@pytest.fixture
def people() -> dict[str, tuple[Client, User | None, tuple[str, ...]]]:
    """Who fills in forms, and where they begin: an owner, an administrator, and a buyer with the links of two orders."""
    clients = furnished()
    with staff_scope():
        owner = User.objects.filter(staff_role=StaffRole.NONE).order_by("created_at", "id")[0]
        administrator = User.objects.get(email="administrator@example.org")
        orders = [
            key
            for (key,) in query(
                "(SELECT order_key FROM case_file WHERE order_key IS NOT NULL ORDER BY id LIMIT 2) UNION"
                " (SELECT order_key FROM event WHERE type = 'shipment.delivered' ORDER BY moment LIMIT 1)"
            )
        ]
    links = tuple(f"/{where}/{token_of(key)}/" for key in orders for where in ("disputes", "returns", "data_security"))
    return {
        "owner": (clients["owner"], owner, ("/portal/", "/accounts/2fa/", "/accounts/email/")),
        "administrator": (clients["administrator"], administrator, ("/console/",)),
        "buyer": (Client(), None, (*links, "/accounts/ownership/", "/message/", "/accounts/login/", "/record/")),
    }


def _back_in(client: Client, user: User | None, home: str) -> None:
    """Lets somebody in again whom a form of their own has shut out, and has them shown anew who they are."""
    if user is None:
        return
    if client.get(_BEHIND[home]).status_code != 200:
        with staff_scope():
            User.objects.filter(id=user.id).update(is_active=True, staff_role=user.staff_role)
        client.force_login(user)
    _signed_in_again(client, user)


def test_no_form_however_it_is_filled_in_makes_a_fault(
    people: dict[str, tuple[Client, User | None, tuple[str, ...]]],
) -> None:
    problems, tried, found = [], 0, set[object]()
    for role, (client, user, begins) in people.items():
        _back_in(client, user, begins[0])
        forms, pages = crawled(client, *begins)
        found |= {form.kind[0] for form in forms.values() if form.method == "post"}
        dice = random.Random(f"{role} fills in forms")
        # What only has a button changes what others show: it comes last.
        for form in sorted(forms.values(), key=lambda one: (not one.fields, str(one.kind[0]))):
            if form.kind[0] in LEFT_ALONE:
                continue
            _back_in(client, user, begins[0])
            for data in spoilt(form, dice):
                tried += 1
                problems.append(sent(client, form.method, form.action, data))
        for address in pages.values():
            path, asked = urlsplit(address).path, [name for name, _value in parse_qsl(urlsplit(address).query)]
            _back_in(client, user, begins[0])
            for name in sorted({*asked, *ASKED}):
                tried += 1
                problems.append(sent(client, "get", path, {name: dice.choice(HOSTILE)}))
            for place in PLACES:
                tried += 1
                problems.append(sent(client, "get", path, {"after": place, "holds": place}))
    wrong = [problem for problem in problems if problem]
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong[:40])
    assert len(found) > 60 and tried > 2000, (len(found), tried)


def test_no_address_with_odd_names_in_it_makes_a_fault(
    people: dict[str, tuple[Client, User | None, tuple[str, ...]]],
) -> None:
    odd = ("%00", "%F0%9F%98%80", "%ff", "9" * 30, "-1", "%C2%80", "x" * 900, "9" * 5000, "9223372036854775807", "0")
    problems = []
    for client, user, rules, home in (
        (*people["owner"][:2], table.portal(), "/portal/"),
        (*people["administrator"][:2], table.console(), "/console/"),
        (Client(), None, table.others(), "/"),
    ):
        for rule in rules:
            names = re.findall(r"{(\w+)}", rule.address)
            if not names:
                continue
            _back_in(client, user, home)
            for word in odd:
                address = rule.filled(**dict.fromkeys(names, word))
                problems += [sent(client, "get", address, {}), sent(client, "post", address, dict(FORM))]
    wrong = [problem for problem in problems if problem]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])
