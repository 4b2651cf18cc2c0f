"""Does this machine's memory lie encrypted under a key that its host has not got? What the kernel says, and no guess.

A program cannot encrypt the memory that it computes in. A confidential virtual machine does: AMD SEV-SNP, Intel TDX,
IBM Secure Execution. Inside one the Linux kernel says so in ways that this reads without any right of its own:

- Intel TDX: the flag ``tdx_guest`` in /proc/cpuinfo, which the kernel sets only inside such a machine;
- AMD SEV-SNP: the device /dev/sev-guest, which the kernel makes only inside one, or the privilege level that it shows
  under /sys/devices/system/cpu/sev (from Linux 6.11);
- IBM Secure Execution: /sys/firmware/uv/prot_virt_guest is 1 (docs.kernel.org, s390).

That a processor *could* encrypt (``sme``, ``sev``, ``sev_snp``, ``tme`` in /proc/cpuinfo) says nothing about whether it
does, and counts as unknown. The host can tell a guest's kernel an untruth before it has started; only attestation from
outside rules that out, and is the operator's (docs/operations.md, section Memory).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/")


@dataclass(frozen=True, slots=True)
class Encrypted:
    """What encrypts the memory, and what the kernel says it by."""

    by: str
    said: str


def seen(root: Path = _ROOT) -> Encrypted | None:
    """What the kernel says; None where it says nothing, which may also mean that it cannot be asked."""
    if "tdx_guest" in _flags(root / "proc/cpuinfo"):
        return Encrypted("Intel TDX", "tdx_guest in /proc/cpuinfo")
    if (root / "dev/sev-guest").exists():
        return Encrypted("AMD SEV-SNP", "/dev/sev-guest is there")
    if _text(root / "sys/devices/system/cpu/sev/vmpl").isdecimal():
        return Encrypted("AMD SEV-SNP", "/sys/devices/system/cpu/sev/vmpl is there")
    if _text(root / "sys/firmware/uv/prot_virt_guest") == "1":
        return Encrypted("IBM Secure Execution", "/sys/firmware/uv/prot_virt_guest is 1")
    return None


def _flags(file: Path) -> set[str]:
    lines = [line.partition(":") for line in _text(file).splitlines()]
    return {flag for name, _, flags in lines if name.strip() == "flags" for flag in flags.split()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
