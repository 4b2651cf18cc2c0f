"""Commands about the vault: its keys, their rotation and backup, and erasures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json
from safeconduct.cli.commands.root_key import root_key_app

vault_app = typer.Typer(
    no_args_is_help=True, help="The vault: rotate its keys, back them up apart, repeat erasures after a restore."
)

vault_app.add_typer(root_key_app, name="root-key")


@vault_app.command("status", epilog="Example: safeconduct vault status --json")
def vault_status(as_json: Json = False) -> None:
    """Root, region key, data keys, what is left of a rotation. Exit code 1 where something is to do."""
    from safeconduct.cli.vault import status

    raise SystemExit(status(as_json=as_json))


@vault_app.command("rotate", epilog="Example: safeconduct vault rotate --json")
def vault_rotate(
    region: Annotated[bool, typer.Option("--region", help="The region's key; what is done where nothing is named.")] = (
        False
    ),
    root: Annotated[
        bool, typer.Option("--root", help="The root: wraps the regions' keys by the root of the settings as well.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="With --root: forgets the earlier root. Once all processes are restarted.")
    ] = False,
    old_values: Annotated[
        bool, typer.Option("--old-values", help="Seals values anew that an earlier version of Safeconduct sealed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Changes keys while everything runs. May be killed and run again: it goes on where it stopped."""
    from safeconduct.cli.vault import rotate

    raise SystemExit(rotate(region=region, root=root, finish=finish, old_values=old_values, as_json=as_json))


@vault_app.command("backup-keys", epilog="Example: safeconduct vault backup-keys /mnt/keys/2026-11-29.jsonl")
def vault_backup_keys(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.", dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Writes the key store to a file. Keep it apart from backups of the data, and for 30 days at most."""
    from safeconduct.cli.vault import backup_keys

    raise SystemExit(backup_keys(file, as_json=as_json))


@vault_app.command("restore-keys", epilog="Example: safeconduct vault restore-keys /mnt/keys/2026-11-29.jsonl")
def vault_restore_keys(
    file: Annotated[Path, typer.Argument(help="What `backup-keys` wrote.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Puts back the keys that are missing, and destroys again those that were erased since."""
    from safeconduct.cli.vault import restore_keys

    raise SystemExit(restore_keys(file, as_json=as_json))


@vault_app.command("reapply-erasures", epilog="Example: safeconduct vault reapply-erasures /mnt/kept/erasures.jsonl")
def vault_reapply_erasures(
    files: Annotated[
        Optional[list[Path]],
        typer.Argument(help="Receipts kept outside; default: the file of the settings.", exists=True, dir_okay=False),
    ] = None,
    key: Annotated[
        Optional[list[str]],
        typer.Option("--key", help="A key of the record (name+id+key) that the restored database does not know yet."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Destroys again what was erased after the backup that was restored. Safe to repeat."""
    from safeconduct.cli.vault import reapply_erasures

    raise SystemExit(reapply_erasures(files or [], key or [], as_json=as_json))


@vault_app.command("export-erasures", epilog="Example: safeconduct vault export-erasures erasures.jsonl")
def vault_export_erasures(
    file: Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)],
) -> None:
    """Writes the receipts of all erasures, for keeping outside."""
    from safeconduct.cli.vault import export_erasures

    raise SystemExit(export_erasures(file))
