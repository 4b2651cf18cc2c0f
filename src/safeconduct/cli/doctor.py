"""`doctor`: is everything in order, and if not, what mends it?"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from urllib.parse import urlsplit

from safeconduct.cli.doctor_engine import deliveries, events, policies, queue
from safeconduct.cli.finding import OLD_S, Finding
from safeconduct.cli.output import FAILED, OK, emit_json

_LOW_DISK_BYTES = 1 << 30
#: The house's own numbers: providers publish their data about addresses weekly or monthly, lists of breaches grow all
#: year.
_OLD_DATA_DAYS = 180
_OLD_LIST_DAYS = 400
_CLOCK_S = 2.0
#: docs/security-inventory.md, *Secrets that the operator brings*.
_OLD_SECRET_DAYS = 366
#: Who renews by ACME has a month; a week before the end it has failed for a while.
_CERTIFICATE_DAYS = 7


def run(*, as_json: bool) -> int:
    """Runs all checks. Exit code 1 where one is not in order."""
    findings: list[Finding] = []
    for check in CHECKS:
        if check in NEED_A_SCHEMA and not all(f.ok for f in findings):
            continue  # what would be found is only what is wrong already
        try:
            findings.append(check())
        except SystemExit:
            findings.append(Finding(check.__name__, False, "could not start", "see the message above"))
            break
        except Exception as problem:
            findings.append(
                Finding(check.__name__, False, f"{type(problem).__name__}: {problem}", "start with the first problem")
            )
    if as_json:
        emit_json({"ok": all(f.ok for f in findings), "checks": [asdict(f) for f in findings]})
    else:
        for f in findings:
            sys.stdout.write(f"{'ok   ' if f.ok else 'WRONG'} {f.check:<12} {f.found}\n")
            if not f.ok:
                sys.stdout.write(f"      → {f.mend}\n")
    return OK if all(f.ok for f in findings) else FAILED


def settings() -> Finding:
    """Would production start with these settings?"""
    from safeconduct.config.environment import read
    from safeconduct.config.hardening import unsafe
    from safeconduct.connectors.connector import wrong_options

    env = read()
    if wrong := wrong_options(env.connector_options):
        return Finding("settings", False, f"{len(wrong)} connectors would refuse every delivery", " ".join(wrong))
    found = unsafe(env)
    if env.production and found:
        return Finding("settings", False, f"{len(found)} unsafe", " ".join(found))
    return Finding("settings", True, f"mode {env.mode}" + (f"; production would refuse {len(found)}" if found else ""))


def database() -> Finding:
    """Does the database answer, and is it new enough?"""
    from safeconduct.cli.start import start_django

    start_django(migrate=False)
    from django.conf import settings as django_settings

    from safeconduct.kernel.scope import owner_scope, query

    started = time.perf_counter()
    with owner_scope():
        row = query("SELECT current_setting('server_version_num')::int, current_setting('server_version')").fetchone()
    assert row is not None
    ms = (time.perf_counter() - started) * 1e3
    kind = "embedded" if django_settings.EMBEDDED else "external"
    mend = "Safeconduct needs PostgreSQL 15 or newer"
    return Finding("database", row[0] >= 150000, f"PostgreSQL {row[1]}, {kind}, answered in {ms:.0f} ms", mend)


def migrations() -> Finding:
    """Is the schema the one this version expects?"""
    from safeconduct.config.migrate import pending

    waiting = pending()
    return Finding("migrations", not waiting, f"{len(waiting)} waiting", "run `safeconduct migrate`")


def logins() -> Finding:
    """Can each unprivileged login sign in, and is it unprivileged?"""
    from safeconduct.kernel.scope import engine_scope, query, seller_scope, staff_scope

    names = []
    for scope in (seller_scope(0), engine_scope(), staff_scope()):
        with scope:
            row = query(
                "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
        assert row is not None
        if row[1]:
            return Finding(
                "logins", False, f"{row[0]} may bypass row-level security", "ALTER ROLE … NOSUPERUSER NOBYPASSRLS"
            )
        names.append(row[0])
    return Finding("logins", True, ", ".join(names))


def record() -> Finding:
    """Does the record fit what was signed, and does it keep up?"""
    from safeconduct.kernel.record import sequencer
    from safeconduct.kernel.record.errors import RecordBroken
    from safeconduct.kernel.scope import engine_scope

    try:
        with engine_scope():
            size = sequencer.signed_edge().size
    except RecordBroken as problem:
        return Finding("record", False, str(problem), "change nothing; `safeconduct record verify`, see docs/record.md")
    count, age_s = sequencer.waiting(datetime.now(UTC))
    found = f"{size} lines, {count} waiting, the oldest for {age_s:.0f} s"
    return Finding("record", age_s < OLD_S, found, "run `safeconduct serve` or `safeconduct work`: a lane appends them")


def vault() -> Finding:
    """Does the root open the key of the region, is nothing left of a rotation, are erasures shown outside?"""
    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.status import status

    try:
        found = status()
    except VaultError as problem:
        return Finding("vault", False, str(problem), "see docs/operations.md, section Keys")
    said = f"region key {found.version} under {found.root}, {found.keys:,} data keys"
    if found.trouble:
        return Finding("vault", False, said, "; ".join(found.trouble))
    return Finding("vault", True, said)


def key_process() -> Finding:
    """Where a key process holds the keys: does it answer, and is it apart from this one?"""
    from safeconduct.config.environment import read
    from safeconduct.kernel.vault.errors import VaultError
    from safeconduct.kernel.vault.holder import holder
    from safeconduct.kernel.vault.key_client import KeyClient

    env, keys = read(), holder()
    if not isinstance(keys, KeyClient):
        return Finding("key process", True, "none: every process holds the keys itself")
    try:
        roots, user = keys.roots(), keys.user()
    except VaultError as problem:
        return Finding("key process", False, str(problem), "start it: `safeconduct keys serve`")
    said = f"{' and '.join(roots.names)} with user {user} at {env.key_socket}"
    if user == os.getuid():
        mend = "run it as a user of its own: whoever takes this one over reads its key file"
        return Finding("key process", not env.production, said + ", which is this user as well", mend)
    return Finding("key process", True, said)


def root_key() -> Finding:
    """Does the root key file fit the database, and is a replacement of it waiting for somebody?"""
    from safeconduct.kernel.vault.root_replacement import standing

    found = standing(datetime.now(UTC), forms=False)
    said = found.current
    if found.next is not None:
        said += f", {found.next} next"
    if found.earlier is not None:
        said += f", {found.earlier} earlier, needed by {sum(found.left.values()):,} rows"
    mend = "; ".join(found.trouble) + ", see docs/operations.md, section Keys"
    return Finding("root key", not found.trouble, said, mend if found.trouble else "")


def ledger() -> Finding:
    """Do the running sums of the ledger agree? `safeconduct ledger check` asks every posting."""
    from safeconduct.kernel.ledger.checking import differences
    from safeconduct.kernel.scope import staff_scope

    with staff_scope():
        off = differences()
    found = ", ".join(f"{code} is off by {minor} minor units" for code, minor in off.items())
    mend = "stop payouts, and run `safeconduct ledger check`"
    return Finding("ledger", not off, found or "each currency sums to zero", mend)


def recipients() -> Finding:
    """May answers to banks leave, where a processor's interface is set up?"""
    from django.conf import settings as ours

    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.data_security.transfers.models import TransferDestination
    from safeconduct.protections.transactions.chargebacks.sending import KINDS

    if not ours.STRIPE_API_KEY:
        return Finding("recipients", True, "no processor is answered from here")
    with staff_scope():
        declared = list(TransferDestination.objects.filter(name__iexact="stripe", ended_at=None))
    if any(set(one.categories) >= KINDS for one in declared):
        return Finding("recipients", True, "answers to banks go to Stripe, which is declared")
    found = "Stripe is declared for less than answers hold" if declared else "nobody has declared Stripe"
    mend = f"declare Stripe in the console under Transfers, for {', '.join(sorted(KINDS))}; no answer leaves until then"
    return Finding("recipients", False, found, mend)


def ip_data() -> Finding:
    """Which data about IP addresses are in use, and how old are they?"""
    from safeconduct.config.environment import read
    from safeconduct.foundation.ip_pack.pack import PackBroken, current

    try:
        pack = current(read().ip_pack)
    except PackBroken as problem:
        return Finding("ip data", False, str(problem), "`safeconduct ip import` replaces what is broken")
    if pack is None:
        return Finding("ip data", True, "none: countries, networks and travel of sign-ins are unknown")
    today = datetime.now(UTC).date()
    ages = {part.name: (today - part.made_on).days for part in pack.parts}
    said = ", ".join(f"{part.name} of {part.made_on} ({ages[part.name]} days old)" for part in pack.parts)
    old = [name for name, days in ages.items() if days > _OLD_DATA_DAYS]
    mend = f"{', '.join(old)}: networks change hands; download a newer file and `safeconduct ip import` it"
    return Finding("ip data", not old, f"version {pack.version}: {said}", mend)


def breached() -> Finding:
    """Are new passwords looked up among breached ones, and in which list?"""
    from safeconduct.config.environment import read
    from safeconduct.foundation.hash_list import HashList, ListBroken, is_list

    env = read()
    file = env.breached_list
    if file is None:
        return Finding("passwords", True, "no list of breached ones: SAFECONDUCT_BREACHED_PASSWORDS says none")
    if not file.is_file():
        wrong = env.production or bool(env.breached_passwords)
        return Finding("passwords", not wrong, "no list of breached ones", "run `safeconduct passwords import`")
    if not is_list(file):
        return Finding("passwords", True, f"looked up in {file}, a text that was not checked")
    try:
        found = HashList(file)
    except ListBroken as problem:
        return Finding("passwords", False, str(problem), "run `safeconduct passwords import` anew")
    days = (datetime.now(UTC) - found.about.imported_at).days
    said = f"{found.count:,} breached ones from {found.about.source}, imported {days} days ago"
    mend = "new breaches are not in it: download a newer list and import it"
    return Finding("passwords", days <= _OLD_LIST_DAYS, said, mend)


def disk() -> Finding:
    """Is there room for the embedded database and the backtests?"""
    from safeconduct.config.environment import read

    var = read().var
    var.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(var).free
    found = f"{free / (1 << 30):.1f} GiB free under {var}"
    return Finding("disk", free > _LOW_DISK_BYTES, found, "make room, or set SAFECONDUCT_VAR")


def secrets() -> Finding:
    """Was each secret that the operator brings as a file replaced within the year that docs/security-inventory.md
    gives?"""
    from safeconduct.config.environment import read
    from safeconduct.config.secret_files import days_unchanged

    given = {**os.environ, "SAFECONDUCT_KEY_FILE": str(read().key_file)}
    days = days_unchanged(given, datetime.now(UTC))
    if not days:
        return Finding("secrets", True, "none comes from a file")
    old = sorted(name for name, age in days.items() if age > _OLD_SECRET_DAYS)
    oldest = max(days, key=lambda name: days[name])
    said = f"{len(days)} in files, the oldest unchanged for {days[oldest]} days"
    mend = f"replace what is older than a year: {', '.join(old)}; see docs/security-inventory.md"
    return Finding("secrets", not old, said, mend if old else "")


def level() -> Finding:
    """Which level of ASVS was chosen, and what separates this deployment from the highest?"""
    from safeconduct.config.environment import read
    from safeconduct.config.protection_level import Machine, short_of_three

    env = read()
    if not env.production:
        return Finding("level", True, "not chosen outside production")
    if env.asvs_level is None:
        return Finding("level", False, "not chosen", "set SAFECONDUCT_ASVS_LEVEL to 2 or 3")
    short = short_of_three(env, Machine.of(env))
    if env.asvs_level == 3:
        return Finding("level", not short, "ASVS level 3", " ".join(short))
    return Finding("level", True, "ASVS level 2; level 3 also asks: " + " ".join(short or ["nothing that is not so"]))


def memory() -> Finding:
    """Does the kernel say that this machine's memory is encrypted against its host? The database's is its own."""
    from safeconduct.config.environment import read
    from safeconduct.config.memory_encryption import seen

    found, wanted = seen(), read().at_level_3
    if found is not None:
        return Finding("memory", True, f"encrypted by {found.by}: {found.said}")
    mend = "run every process in a confidential machine, see docs/operations.md, section Memory"
    said = "unknown whether it is encrypted: the kernel says nothing"
    return Finding("memory", not wanted, said, mend if wanted else "")


def clock() -> Finding:
    """Do this machine and the database agree on the time?"""
    from safeconduct.kernel.scope import owner_scope, query

    with owner_scope():
        row = query("SELECT clock_timestamp()").fetchone()
    assert row is not None
    off_s = abs((datetime.now(UTC) - row[0]).total_seconds())
    return Finding(
        "clock",
        off_s < _CLOCK_S,
        f"{off_s * 1e3:.0f} ms apart from the database",
        "run a time service (NTP) on both machines",
    )


def certificates() -> Finding:
    """Do the public names show certificates that every browser believes, for some time yet?"""
    from safeconduct.config.environment import read

    env = read()
    if not env.production:
        return Finding("certificates", True, "not looked at outside production")
    found: list[str] = []
    wrong: list[str] = []
    for host in sorted(set(env.faces.values()) | {urlsplit(origin).netloc for origin in env.origins}):
        try:
            days = days_left(host)
        except OSError as problem:
            wrong.append(f"{host}: {problem}")
            continue
        (found if days >= _CERTIFICATE_DAYS else wrong).append(f"{host}: {days} days left")
    mend = "get publicly trusted certificates and renew them by themselves (ACME), see docs/operations.md, section TLS"
    return Finding("certificates", not wrong, "; ".join(wrong or found) or "no name is set", mend)


def days_left(host: str, *, authorities: str | None = None) -> int:
    """How long the certificate of ``host`` or ``host:port`` is good. Raises OSError where nobody answers, or where the
    system's authorities (else those of a file) do not vouch for it."""
    name, _, port = host.partition(":")
    context = ssl.create_default_context(cafile=authorities)
    with (
        socket.create_connection((name, int(port or 443)), 5) as line,
        context.wrap_socket(line, server_hostname=name) as secured,
    ):
        shown = secured.getpeercert() or {}
    return int((ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time()) // 86_400)


CHECKS: tuple[Callable[[], Finding], ...] = (
    settings,
    level,
    disk,
    secrets,
    memory,
    database,
    clock,
    migrations,
    logins,
    policies,
    queue,
    events,
    deliveries,
    key_process,
    vault,
    root_key,
    ledger,
    record,
    certificates,
    recipients,
    ip_data,  # last: what is only old must not keep the checks before from being made
    breached,
)
NEED_A_SCHEMA = (logins, policies, queue, events, deliveries, vault, root_key, ledger, record, recipients)
