"""What the kernel says about encrypted memory, from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

from safeconduct.config import memory_encryption
from safeconduct.config.memory_encryption import seen

_CPU = "processor\t: 0\nvendor_id\t: {}\nflags\t\t: fpu vme {}\nbugs\t\t:\n\nprocessor\t: 1\nflags\t\t: fpu vme {}\n"


def machine(folder: Path, **files: str) -> Path:
    """A root folder with these files, `__` in a name for `/`."""
    for name, text in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_a_confidential_machine_says_what_it_is(tmp_path: Path) -> None:
    tdx = machine(tmp_path / "tdx", proc__cpuinfo=_CPU.format("GenuineIntel", "tdx_guest", "tdx_guest"))
    assert seen(tdx) == memory_encryption.Encrypted("Intel TDX", "tdx_guest in /proc/cpuinfo")
    snp = machine(tmp_path / "snp", proc__cpuinfo=_CPU.format("AuthenticAMD", "sev_snp", "sev_snp"))
    (snp / "dev").mkdir()
    (snp / "dev" / "sev-guest").touch()
    vmpl = machine(tmp_path / "vmpl", sys__devices__system__cpu__sev__vmpl="0\n")
    z = machine(tmp_path / "z", sys__firmware__uv__prot_virt_guest="1\n")
    assert [found.by for root in (snp, vmpl, z) if (found := seen(root))] == [
        "AMD SEV-SNP", "AMD SEV-SNP", "IBM Secure Execution",
    ]  # fmt: skip


def test_what_a_processor_could_do_is_not_taken_for_what_it_does(tmp_path: Path) -> None:
    could = "sme sev sev_es sev_snp tme tdx_host_platform"
    for name, root in (
        ("host", machine(tmp_path / "host", proc__cpuinfo=_CPU.format("AuthenticAMD", could, could))),
        ("model", machine(tmp_path / "model", proc__cpuinfo="model name\t: tdx_guest\nbugs\t: tdx_guest\n")),
        ("z", machine(tmp_path / "z", sys__firmware__uv__prot_virt_guest="0\n")),
        ("nothing", tmp_path / "nothing"),
    ):
        assert seen(root) is None, name
