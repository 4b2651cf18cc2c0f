"""What production asks for beside the rest (`config.environment.unsafe`): faces apart, files scanned, secrets in files,
logs sent elsewhere, TLS to the door. Each refusal names the setting, and the one that says that it is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.config import memory_encryption
from safeconduct.config.log_shipping import Target

if TYPE_CHECKING:
    from safeconduct.config.environment import Environment


def unsafe(env: Environment) -> list[str]:
    """What must not be so, each as a sentence with the way out."""
    return [*_faces(env), *_files(env), *_secrets(env), *_logs(env), *_tls(env), *_memory(env)]


def log_target(text: str) -> Target | None:
    """Where logs are sent beside standard error; None for nowhere. Raises ValueError naming the setting."""
    if text in ("", "stderr"):
        return None
    try:
        return Target.of(text)
    except ValueError as problem:
        raise ValueError(f"SAFECONDUCT_LOG_TO: {problem}") from None


def _faces(env: Environment) -> list[str]:
    wanted = {name: env.faces.get(name, "") for name in ("portal", "console", "api")}
    missing = [f"SAFECONDUCT_{name.upper()}_HOST" for name, host in wanted.items() if not host]
    if missing:
        return [
            f"{', '.join(missing)}: give portal, console and API a host name each, so that browsers keep them apart."
        ]
    if len(set(env.faces.values())) < len(env.faces):
        return ["SAFECONDUCT_…_HOST: two faces have one host name; browsers keep them apart by it."]
    return []


def _files(env: Environment) -> list[str]:
    if env.clamd:
        return []
    return ["SAFECONDUCT_CLAMD is empty: name a scanner for uploads, or write none to take them in unscanned."]


def _secrets(env: Environment) -> list[str]:
    found = [f"{name} can be read by others: chmod 600 its file." for name in env.secrets_readable]
    if env.secrets_in_environment and not env.environment_secrets_meant:
        names = ", ".join(env.secrets_in_environment)
        found.append(
            f"{names}: secrets stand in the environment. Give each as a file, by the setting's name and _FILE, or set "
            "SAFECONDUCT_SECRETS_IN_ENVIRONMENT=1."
        )
    return found


def _logs(env: Environment) -> list[str]:
    if env.log_to:
        return []
    return [
        (
            "SAFECONDUCT_LOG_TO is empty: name a collector on another machine (tls://host:6514?ca=…), this machine's "
            "(unix:/dev/log), or write stderr where standard error is collected."
        )
    ]


def _memory(env: Environment, root: Path = Path("/")) -> list[str]:
    if not env.memory_encryption or memory_encryption.seen(root) is not None:
        return []
    return [
        (
            "SAFECONDUCT_MEMORY_ENCRYPTION=1, and the kernel does not say that this is a confidential machine: run it "
            "in one (AMD SEV-SNP, Intel TDX), see docs/operations.md, section Memory, or leave the setting out."
        )
    ]


def _tls(env: Environment) -> list[str]:
    found = []
    if bool(env.tls_certificate) != bool(env.tls_key):
        found.append("SAFECONDUCT_TLS_CERTIFICATE and SAFECONDUCT_TLS_KEY: give both, or neither.")
    if env.tls_client_ca and not env.tls_certificate:
        found.append("SAFECONDUCT_TLS_CLIENT_CA asks for SAFECONDUCT_TLS_CERTIFICATE: without TLS nobody shows one.")
    for name, path in (
        ("SAFECONDUCT_TLS_CERTIFICATE", env.tls_certificate), ("SAFECONDUCT_TLS_KEY", env.tls_key),
        ("SAFECONDUCT_TLS_CLIENT_CA", env.tls_client_ca),
    ):  # fmt: skip
        if path and not Path(path).is_file():
            found.append(f"{name}: no file at {path}.")
    if env.tls_key and Path(env.tls_key).is_file() and Path(env.tls_key).stat().st_mode & 0o077:
        found.append(f"SAFECONDUCT_TLS_KEY can be read by others: chmod 600 {env.tls_key}.")
    return found
