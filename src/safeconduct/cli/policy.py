"""`policy check`, `explain`, `diff`, `test`, `publish`."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.cli.given import NotRead, read, text_of
from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.staff import author_and_approver

if TYPE_CHECKING:
    from safeconduct.foundation.policy.nodes import Policy
    from safeconduct.foundation.policy.reader import Reading


def check(files: list[Path], *, as_json: bool) -> int:
    """Checks files without a database: names, types and reasons, and the tests within; lists are not known then."""
    from safeconduct.foundation.policy.reader import read_policy
    from safeconduct.kernel.events.catalogue import CATALOGUE

    readings, unread = [], 0
    for file in files:
        try:
            reading = read_policy(read(file), CATALOGUE, file=str(file))
            readings.append(reading if reading.policy is None else _with_tests(reading, reading.policy))
        except NotRead as problem:
            unread += 1
            sys.stderr.write(f"{problem}\n")
    if as_json:
        emit_json([{"file": reading.file, **reading.as_json()} for reading in readings])
    else:
        for reading in readings:
            if reading.diagnostics:
                sys.stdout.write(reading.render() + "\n")
            if reading.policy is not None:
                p = reading.policy
                sys.stdout.write(
                    f"{reading.file}: {p.name}: {len(p.rules)} rules, {len(p.features)} features, no errors\n"
                )
    return FAILED if unread or any(reading.policy is None for reading in readings) else OK


def _with_tests(reading: Reading, policy: Policy) -> Reading:
    """The reading of a policy with what is wrong with the tests within it."""
    from safeconduct.foundation.policy.policy_tests import read_tests
    from safeconduct.kernel.events.catalogue import CATALOGUE

    found = (*reading.diagnostics, *read_tests(reading.text, policy, CATALOGUE).diagnostics)
    whole = replace(reading, diagnostics=found)
    return replace(whole, policy=None) if whole.errors else whole


def explain(file: Path, *, language: str) -> int:
    """Prints a policy as prose."""
    from safeconduct.foundation.policy.prose import describe
    from safeconduct.foundation.policy.reader import read_policy
    from safeconduct.foundation.policy.shape import SHIPPED_LANGUAGES
    from safeconduct.kernel.events.catalogue import CATALOGUE

    if language not in SHIPPED_LANGUAGES:
        fail(f"a policy is told in {', '.join(SHIPPED_LANGUAGES)}, not in {language}", USAGE)
    reading = read_policy(text_of(file), CATALOGUE, file=str(file))
    if reading.policy is None:
        sys.stderr.write(reading.render() + "\n")
        return FAILED
    sys.stdout.write(describe(reading.policy, language).text)
    return OK


def diff(old: Path, new: Path, *, as_json: bool) -> int:
    """Prints what changes from one policy to another; spaces, comments and the order of lines are no change."""
    from safeconduct.foundation.policy.diff import diff as differences
    from safeconduct.foundation.policy.reader import read_policy
    from safeconduct.kernel.events.catalogue import CATALOGUE

    policies = []
    for file in (old, new):
        reading = read_policy(text_of(file), CATALOGUE, file=str(file))
        if reading.policy is None:
            sys.stderr.write(reading.render() + "\n")
            return FAILED
        policies.append(reading.policy)
    found = differences(*policies)
    if as_json:
        emit_json([asdict(change) for change in found])
        return OK
    for change in found:
        name = f"{change.subject} {change.name}" + (f", {change.aspect}" if change.aspect else "")
        sys.stdout.write(f"{name}: {change.kind}\n")
        for sign, text in (("-", change.before), ("+", change.after)):
            for line in (text or "").splitlines():
                sys.stdout.write(f"  {sign} {line}\n")
    sys.stdout.write("1 change\n" if len(found) == 1 else f"{len(found):,} changes\n")
    return OK


def test(files: list[Path], *, as_json: bool) -> int:
    """Runs the tests within each file, and beside it: NAME.tests.yaml and NAME.*.tests.yaml."""
    from safeconduct.foundation.policy.diagnostics import Severity, render
    from safeconduct.foundation.policy.policy_tests import are_tests_alone, read_tests, run_tests
    from safeconduct.foundation.policy.reader import read_policy
    from safeconduct.kernel.events.catalogue import CATALOGUE

    results: list[dict[str, Any]] = []
    failed = 0
    for file in files:
        reading = read_policy(text_of(file), CATALOGUE, file=str(file))
        if reading.policy is None:
            if are_tests_alone(reading.text):
                policy = file.with_name(f"{file.name.partition('.')[0]}.yaml")
                way = f"name the policy that they stand beside: safeconduct policy test {policy}"
                fail(f"{file} has tests and no policy; {way}", USAGE)
            sys.stderr.write(reading.render() + "\n")
            return FAILED
        beside = sorted(file.parent.glob(f"{file.stem}.tests.yaml")) + sorted(
            file.parent.glob(f"{file.stem}.*.tests.yaml")
        )
        before = len(results)
        for tests_file in (file, *beside):
            tests_text = text_of(tests_file)
            tests = read_tests(tests_text, reading.policy, CATALOGUE)
            if any(d.severity is Severity.ERROR for d in tests.diagnostics):
                sys.stderr.write(render(tests.diagnostics, tests_text, str(tests_file)) + "\n")
                return FAILED
            for result in run_tests(reading.policy, tests.tests):
                failed += not result.passed
                results.append({"file": tests_file.name, "name": result.name, "problems": list(result.problems)})
        if len(results) == before:
            fail(f"there are no tests in {file} nor beside it; write {file.stem}.tests.yaml")
    if as_json:
        emit_json({"passed": len(results) - failed, "failed": failed, "tests": results})
    else:
        for r in results:
            sys.stdout.write(f"{'FAILED' if r['problems'] else 'passed'}  {r['name']}\n")
            for problem in r["problems"]:
                sys.stdout.write(f"        {problem}\n")
        sys.stdout.write(f"{len(results) - failed} passed, {failed} failed\n")
    return FAILED if failed else OK


def publish(file: Path, *, author: str, approver: str, percent: int, as_json: bool) -> int:
    """Stores and publishes; both people must be staff, and two."""
    from safeconduct.cli.start import start_django

    start_django()
    from safeconduct.foundation.policy.reader import read_policy
    from safeconduct.kernel.decisions import policies
    from safeconduct.kernel.decisions.errors import DecisionsError, PolicyHasErrors
    from safeconduct.kernel.events.catalogue import CATALOGUE
    from safeconduct.kernel.scope import staff_scope
    from safeconduct.protections.transactions.protection import install

    text = text_of(file)
    reading = read_policy(text, CATALOGUE, file=str(file))
    if reading.policy is None:
        sys.stderr.write(reading.render() + "\n")
        return FAILED
    at = datetime.now(UTC)
    try:
        with staff_scope():
            first, second = author_and_approver(author, approver)
            made = _make_shipped_lists(reading.policy)
            checked = policies.check(text, file=str(file))
            if checked.policy is None:
                raise PolicyHasErrors(checked.render())
            draft = policies.save_draft(first, reading.policy.name, text, at=at, note=f"from {file.name}")
            version = policies.publish(draft.id, second, at=at, percent=percent)
            install(at)
    except DecisionsError as problem:
        fail(str(problem))
    if as_json:
        emit_json(
            {"id": version.id, "policy": version.policy, "number": version.number, "state": version.state,
             "lists_made": made}
        )  # fmt: skip
    else:
        if made:
            sys.stdout.write(f"lists made, which the console fills: {', '.join(made)}\n")
        sys.stdout.write(f"{version.policy} version {version.number} is {version.state}\n")
    return OK


def _make_shipped_lists(policy: Policy) -> list[str]:
    """Makes those lists that a policy asks, that come with Safeconduct, and that are not there; their names. In a scope
    of staff."""
    from safeconduct.foundation.policy.nodes import InList
    from safeconduct.foundation.policy.tree import walk
    from safeconduct.kernel.decisions import actions
    from safeconduct.kernel.decisions.models import ListKind, WatchList
    from safeconduct.kernel.scope import Actor
    from safeconduct.protections.transactions.protection import shipped_lists

    asked = {name for name, _ in policy.allow_lists}
    asked |= {node.list_name for rule in policy.rules for node in walk(rule.when) if isinstance(node, InList)}
    there = set(WatchList.objects.values_list("name", flat=True))
    made = [one for one in shipped_lists() if one[0] in asked - there]
    for name, kind, entity, purpose, values in made:
        actions.create_list(name, ListKind(kind), entity, purpose)
        if values:
            actions.add_to_list(name, list(values), Actor("command line", "owner", "shipped with Safeconduct"))
    return [one[0] for one in made]
