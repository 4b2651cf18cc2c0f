"""Commands about policies, and about the promises to sellers: policy, coverage, cases."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from safeconduct.cli.commands.options import Json

policy_app = typer.Typer(no_args_is_help=True, help="Policies: check, explain, diff, test, publish.")
coverage_app = typer.Typer(no_args_is_help=True, help="Coverage templates: check, simulate.")
risk_app = typer.Typer(no_args_is_help=True, help="Account risk: score sign-ins.")
cases_app = typer.Typer(no_args_is_help=True, help="Cases: workflows, presets, and how fairly they are decided.")


@policy_app.command("check", epilog="Example: safeconduct policy check order-risk.yaml")
def policy_check(
    files: Annotated[list[Path], typer.Argument(help="Policy files.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Checks policies: names, types, windows, reasons. Exit code 1 where there is an error."""
    from safeconduct.cli.policy import check

    raise SystemExit(check(files, as_json=as_json))


@policy_app.command("explain", epilog="Example: safeconduct policy explain order-risk.yaml --language es")
def policy_explain(
    file: Annotated[Path, typer.Argument(help="A policy file.", exists=True, dir_okay=False)],
    language: Annotated[str, typer.Option(help="en, zh or es.")] = "en",
) -> None:
    """Tells a policy as plain prose."""
    from safeconduct.cli.policy import explain

    raise SystemExit(explain(file, language=language))


@policy_app.command("diff", epilog="Example: safeconduct policy diff order-risk.yaml draft.yaml")
def policy_diff(
    old: Annotated[Path, typer.Argument(help="A policy file.", exists=True, dir_okay=False)],
    new: Annotated[Path, typer.Argument(help="Another one.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Says what changes from one policy to another: settings, features, scores and rules, not lines."""
    from safeconduct.cli.policy import diff

    raise SystemExit(diff(old, new, as_json=as_json))


@policy_app.command("test", epilog="Example: safeconduct policy test order-risk.yaml")
def policy_test(
    files: Annotated[
        list[Path],
        typer.Argument(help="Policy files; their tests stand in them or lie beside them.", exists=True, dir_okay=False),
    ],
    as_json: Json = False,
) -> None:
    """Runs the tests that stand in policies and beside them. Exit code 1 where one fails."""
    from safeconduct.cli.policy import test

    raise SystemExit(test(files, as_json=as_json))


@policy_app.command(
    "publish", epilog="Example: safeconduct policy publish order-risk.yaml --author li@… --approver ana@…"
)
def policy_publish(
    file: Annotated[Path, typer.Argument(help="A policy file.", exists=True, dir_okay=False)],
    author: Annotated[str, typer.Option(help="E-mail of the member of staff who wrote it.")],
    approver: Annotated[str, typer.Option(help="E-mail of the second person, a lead.")],
    percent: Annotated[int, typer.Option(min=1, max=100, help="Share of orders it decides, as challenger.")] = 100,
    as_json: Json = False,
) -> None:
    """Stores a policy as a new version and puts it in force, with the second person's approval."""
    from safeconduct.cli.policy import publish

    raise SystemExit(publish(file, author=author, approver=approver, percent=percent, as_json=as_json))


@coverage_app.command("check", epilog="Example: safeconduct coverage check jd-like.yaml")
def coverage_check(
    files: Annotated[list[Path], typer.Argument(help="Coverage templates.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Checks coverage templates: conditions, causes, amounts, sources. Exit code 1 where there is an error."""
    from safeconduct.cli.coverage import check

    raise SystemExit(check(files, as_json=as_json))


@coverage_app.command("simulate", epilog="Example: safeconduct coverage simulate draft.yaml --from 2026-01-01 --json")
def coverage_simulate(
    file: Annotated[Path, typer.Argument(help="The template to try.", exists=True, dir_okay=False)],
    since: Annotated[
        Optional[datetime], typer.Option("--from", formats=["%Y-%m-%d"], help="Orders from this day on (UTC).")
    ] = None,
    until: Annotated[
        Optional[datetime], typer.Option("--until", formats=["%Y-%m-%d"], help="Orders before this day (UTC).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluates past orders with a changed template: what would be covered, and what the fund would have paid."""
    from safeconduct.cli.coverage import simulate

    raise SystemExit(simulate(file, since=since, until=until, as_json=as_json))


@cases_app.command("lint", epilog="Example: safeconduct cases lint my-workflow.yaml")
def cases_lint(
    files: Annotated[
        Optional[list[Path]], typer.Argument(help="Workflows; all that ship if left out.", exists=True, dir_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Checks workflows of cases, those that are shipped with their presets. Exit code 1 where there is an error."""
    from safeconduct.cli.cases import lint

    raise SystemExit(lint(files or [], as_json=as_json))


@cases_app.command("draw", epilog="Example: safeconduct cases draw dispute --preset eu-fair")
def cases_draw(
    kind: Annotated[str, typer.Argument(help="The kind of case.")],
    preset: Annotated[str, typer.Option(help="A marketplace's terms: a file, or the name of one that ships.")] = "",
    language: Annotated[str, typer.Option(help="en, zh or es.")] = "en",
) -> None:
    """Draws a workflow that ships as a Mermaid diagram: states, who acts and how long, steps and who takes them."""
    from safeconduct.cli.cases import draw

    raise SystemExit(draw(kind, preset=preset, language=language))


@cases_app.command(
    "publish", epilog="Example: safeconduct cases publish jd-like --author a@example.org --approver b@example.org"
)
def cases_publish(
    preset: Annotated[str, typer.Argument(help="A preset's file, or the name of one that ships.")],
    author: Annotated[str, typer.Option(help="E-mail of who chose it.")],
    approver: Annotated[str, typer.Option(help="E-mail of the second person.")],
    kind: Annotated[str, typer.Option(help="The kind of case.")] = "dispute",
    why: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    since: Annotated[
        Optional[datetime], typer.Option(formats=["%Y-%m-%d"], help="In force from this day (UTC); now if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Puts a marketplace's terms in force for new cases, with the second person's approval."""
    from safeconduct.cli.cases import publish

    raise SystemExit(
        publish(preset, kind=kind, author=author, approver=approver, why=why, since=since, as_json=as_json)
    )


@cases_app.command("fairness", epilog="Example: safeconduct cases fairness --since 2026-09-01 --json")
def cases_fairness(
    since: Annotated[
        Optional[datetime], typer.Option(formats=["%Y-%m-%d"], help="From this day (UTC); 90 days back if left out.")
    ] = None,
    until: Annotated[
        Optional[datetime], typer.Option(formats=["%Y-%m-%d"], help="With this day (UTC); until now if left out.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Only what everybody can be told: no small cells.")] = False,
    as_json: Json = False,
) -> None:
    """How fairly cases were decided: times, appeals, who wins, what rules decided, who missed which deadline."""
    from safeconduct.cli.cases import fairness

    raise SystemExit(fairness(since=since, until=until, public=public, as_json=as_json))


@cases_app.command(
    "dsa-export",
    epilog="Example: safeconduct cases dsa-export --since 2026-09-01 --until 2026-09-30 --out statements.jsonl",
)
def cases_dsa_export(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Decided from this day on (UTC).")],
    until: Annotated[
        Optional[datetime], typer.Option(formats=["%Y-%m-%d"], help="With this day (UTC); until now if left out.")
    ] = None,
    kind: Annotated[
        Optional[list[str]], typer.Option(help="Only these kinds of cases; all that can restrict if left out.")
    ] = None,
    holds: Annotated[
        bool, typer.Option("--holds", help="Also the payments that such cases held while they ran; read the manual.")
    ] = False,
    calls: Annotated[
        bool, typer.Option("--calls", help="A line for each call of the database's API, with at most 100 of them.")
    ] = False,
    out: Annotated[Optional[Path], typer.Option(dir_okay=False, help="The file; standard output if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The count as JSON, on standard error.")] = False,
) -> None:
    """Writes decisions as statements of reasons for the DSA Transparency Database, one a line, without personal data.
    Exit code 1 where one cannot be told."""
    from safeconduct.cli.cases_dsa import export

    raise SystemExit(
        export(since=since, until=until, kinds=kind or [], calls=calls, out=out, as_json=as_json, holds=holds)
    )


@risk_app.command("rba", epilog="Example: safeconduct risk rba sign-ins.json --json")
def risk_rba(
    file: Annotated[Path, typer.Argument(help="Sign-ins, weights and the cases to score, as JSON.")],
    as_json: Json = False,
) -> None:
    """Scores how unusual sign-ins are; where the file knows the scores, says how far ours are from them."""
    from safeconduct.cli.risk import rba

    raise typer.Exit(rba(file, as_json=as_json))
