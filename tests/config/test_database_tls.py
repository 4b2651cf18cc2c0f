"""The database over TLS: a real PostgreSQL with certificates made here. Needs one that was built with TLS (Debian's)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tests.certificates import Authority

from safeconduct.config.database import addresses, role_passwords
from safeconduct.config.environment import read
from safeconduct.config.hardening import unsafe

NAME = "db.internal"
#: Whom the server runs as where the tests run as root, which PostgreSQL refuses.
USERS = ("postgres", "nobody")


@dataclass
class Database:
    """A server that takes connections over TLS only: by certificate, or by password for the role with one."""

    port: int
    inside: Authority
    folder: Path

    def url(self, *, user: str = "safeconduct_app", host: str = NAME, ca: Path | None = None, **more: str) -> str:
        asked = {"sslmode": "verify-full", "sslrootcert": str(ca or self.inside.file), "hostaddr": "127.0.0.1", **more}
        return f"postgresql://{user}@{host}:{self.port}/postgres?" + "&".join(f"{k}={v}" for k, v in asked.items())

    def shown(self, name: str) -> dict[str, str]:
        certificate, key = self.inside.sign(name)
        return {"sslcert": str(certificate), "sslkey": str(key)}


def programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("no PostgreSQL with TLS is installed")
    return found[-1].parent


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    where = programs()
    folder = Path(tempfile.mkdtemp(prefix="safeconduct-tls-"))
    user = next((u for u in USERS if subprocess.run(["id", u], capture_output=True).returncode == 0), None)
    switch = {"user": user} if os.geteuid() == 0 else {}
    inside = Authority(folder / "pki", "database-ca")
    certificate, key = inside.sign(NAME)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    data = folder / "data"
    if switch:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user)
    initdb = [where / "initdb", "-D", data, "-A", "trust", "-U", "root_of_it", "-E", "UTF8", "--no-sync", "--no-locale"]
    subprocess.run(initdb, check=True, capture_output=True, **switch)  # type: ignore[call-overload]
    (data / "pg_hba.conf").write_text(
        "local all root_of_it trust\nhostssl all by_password 127.0.0.1/32 scram-sha-256\nhostssl all all 127.0.0.1/32 cert\n"
    )
    options = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "ssl": "on", "fsync": "off",
        "ssl_cert_file": certificate, "ssl_key_file": key, "ssl_ca_file": inside.file, "ssl_min_protocol_version": "TLSv1.2",
    }  # fmt: skip
    command = [where / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **switch)  # type: ignore[call-overload]
    try:
        with connected(f"host={folder} port={port} user=root_of_it dbname=postgres") as owner:
            owner.execute("CREATE ROLE safeconduct_app LOGIN; CREATE ROLE safeconduct_staff LOGIN")
        yield Database(port, inside, folder)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def connected(url: str) -> psycopg.Connection[tuple[object, ...]]:
    until = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(url, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_a_login_gets_in_by_its_certificate_without_any_password(database: Database) -> None:
    with psycopg.connect(database.url(**database.shown("safeconduct_app"))) as connection:
        row = connection.execute(
            "SELECT current_user::text, ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert row == ("safeconduct_app", True, "TLSv1.3")


def test_a_certificate_of_another_login_of_another_authority_or_none_does_not(
    database: Database, tmp_path: Path
) -> None:
    stranger = dict(
        zip(("sslcert", "sslkey"), map(str, Authority(tmp_path, "stranger").sign("safeconduct_app")), strict=True)
    )
    for shown in (database.shown("safeconduct_staff"), stranger, {"sslcert": "/nowhere"}):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(database.url(**shown))


def test_a_certificate_that_has_run_out_does_not_either(database: Database) -> None:
    certificate, key = database.inside.sign("safeconduct_app", days=-1)
    with pytest.raises(psycopg.OperationalError, match="expired"):
        psycopg.connect(database.url(sslcert=str(certificate), sslkey=str(key)))


def test_we_speak_to_no_server_of_another_authority_or_name(database: Database, tmp_path: Path) -> None:
    shown = database.shown("safeconduct_app")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(database.url(ca=Authority(tmp_path, "other").file, **shown))
    with pytest.raises(psycopg.OperationalError, match="does not match"):
        psycopg.connect(database.url(host="bank.example", **shown))


def test_nothing_is_answered_without_tls(database: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(database.url(sslmode="disable", sslrootcert=""))


def test_the_settings_carry_each_logins_own_certificate_to_the_connection(database: Database) -> None:
    given = {"SAFECONDUCT_MODE": "production", "SAFECONDUCT_DATABASE_URL": database.url(user="safeconduct_owner")}
    for role in ("app", "engine", "staff"):
        given[f"SAFECONDUCT_{role.upper()}_DATABASE_URL"] = database.url(
            user=f"safeconduct_{role}", **database.shown(f"safeconduct_{role}")
        )
    env = read(given)
    assert not any("DATABASE" in sentence and "verify-full" in sentence for sentence in unsafe(env))
    urls = addresses(env, role_passwords(lambda use: use, 1)).urls
    with psycopg.connect(urls["app"]) as connection:
        assert connection.execute("SELECT current_user::text").fetchone() == ("safeconduct_app",)


def test_another_generation_of_passwords_opens_nothing_that_the_earlier_one_did(database: Database) -> None:
    first, second = (role_passwords(lambda use: f"derived:{use}", number) for number in (1, 2))
    assert not set(first.values()) & set(second.values())
    admin = f"host={database.folder} port={database.port} user=root_of_it dbname=postgres"
    with psycopg.connect(admin, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE by_password LOGIN PASSWORD '{first['app']}'")
        with psycopg.connect(database.url(user="by_password", password=first["app"])):
            pass
        owner.execute(f"ALTER ROLE by_password PASSWORD '{second['app']}'")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database.url(user="by_password", password=first["app"]))
    with psycopg.connect(database.url(user="by_password", password=second["app"])):
        pass
