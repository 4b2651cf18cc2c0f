"""The project's one set of translations: ``src/safeconduct/locale/<language>/LC_MESSAGES/django.po``.

``python -m safeconduct.kernel.ui.translations extract`` collects the messages of all templates and Python files,
``compile`` writes the ``.mo`` files (both are committed, so that nothing has to be built offline), ``check`` fails
where a message is missing, fuzzy, unused, breaks a placeholder, or the compiled file is stale. Needs no GNU gettext.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parents[2]
LOCALE: Final = ROOT / "locale"
WAITING: Final = LOCALE / "waiting.json"
UNTRANSLATED: Final = "not translated"
SOURCE: Final = "en"
#: Folder names under ``locale``; ``en`` is the source and repeats itself.
LANGUAGES: Final = ("en", "zh_Hans", "es")
#: A fixed date in the headers: a catalogue changes when its messages do.
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)

#: Function name → how many leading arguments are messages, and whether a context comes first.
_CALLS: Final = {
    "_": (1, False), "gettext": (1, False), "gettext_lazy": (1, False), "gettext_noop": (1, False),
    "ngettext": (2, False), "ngettext_lazy": (2, False), "pgettext": (1, True), "pgettext_lazy": (1, True),
    "npgettext": (2, True), "npgettext_lazy": (2, True),
}  # fmt: skip
_CALL: Final = re.compile(r"\b(_|n?p?gettext)\(")
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[sd]|%%|\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Found:
    """One message in the source: one text, or singular and plural."""

    texts: tuple[str, ...]
    context: str | None
    place: str
    line: int


class ExtractionError(ValueError):
    """A call whose message is not a literal text; the message names file and line."""


def messages_of_python(source: str, place: str) -> Iterator[Found]:
    """The messages of a Python file. Raises ExtractionError where one is not a literal."""
    if "gettext" not in source:  # whatever the functions are called here, that is where they come from
        return
    nodes = list(ast.walk(ast.parse(source)))
    aliases = _aliases(nodes)
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        name = aliases.get(name, name)
        if name not in _CALLS or (name == "_" and "_" not in aliases):
            continue
        yield _found(name, node, place, node.lineno)


def _aliases(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Local names of the functions imported from django.utils.translation."""
    return {
        (alias.asname or alias.name): alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }


def messages_of_template(source: str, place: str) -> Iterator[Found]:
    """The messages of a Django template, by way of Django's own reading of it."""
    from django.utils.translation.template import templatize

    text = templatize(source)
    for match in _CALL.finditer(text):
        # The call's end is the first closing bracket at which it parses.
        end = match.end()
        while (end := text.find(")", end) + 1) > 0:
            try:
                node = ast.parse(text[match.start() : end].strip(), mode="eval").body
            except SyntaxError:
                continue
            if isinstance(node, ast.Call):
                yield _found(match.group(1), node, place, text.count("\n", 0, match.start()) + 1)
            break


def _found(name: str, node: ast.Call, place: str, line: int) -> Found:
    count, with_context = _CALLS[name]
    wanted = node.args[: count + with_context]
    texts = [arg.value for arg in wanted if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if len(texts) != count + with_context:
        raise ExtractionError(f"{place}:{line}: {name}() needs literal text, or it cannot be translated")
    return Found(tuple(texts[with_context:]), texts[0] if with_context else None, place, line)


def extract(root: Path = ROOT) -> Catalog:
    """All messages below `root`, as an empty catalogue."""
    catalog = Catalog(project="Safeconduct", version="1", charset="utf-8", fuzzy=False)
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.html"), *root.rglob("templates/**/*.txt")]):
        if "migrations" in path.parts:
            continue
        place = path.relative_to(root).as_posix()
        source = path.read_text("utf-8")
        read = messages_of_python if path.suffix == ".py" else messages_of_template
        for found in read(source, place):
            catalog.add(
                found.texts if len(found.texts) > 1 else found.texts[0], context=found.context,
                # Files without lines: otherwise every edit of a template would touch every catalogue.
                locations=[(place, 0)], flags=["python-format"] if "%(" in "".join(found.texts) else [],
            )  # fmt: skip
    for message in catalog:
        message.locations = sorted({(place, 0) for place, _line in message.locations})
    return catalog


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def load(language: str) -> Catalog:
    """The catalogue of a language; empty where there is none yet."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, project="Safeconduct", version="1", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """The ``.mo`` of a catalogue."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def update() -> None:
    """Brings every catalogue up to what the source says; new messages are empty, lost ones go."""
    template = extract()
    for language in LANGUAGES:
        old = load(language)
        new = Catalog(locale=language, project="Safeconduct", version="1", charset="utf-8", fuzzy=False,
                      creation_date=_EPOCH,
                      revision_date=_EPOCH, last_translator="Safeconduct", language_team=language,
                      msgid_bugs_address="", header_comment=f"# Safeconduct, {language}")  # fmt: skip
        for message in template:
            if not message.id:
                continue
            known = old.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            text = message.id if language == SOURCE else (known.string if known else "")
            new.add(message.id, text, context=message.context, locations=message.locations,
                    flags=message.flags)  # fmt: skip
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, new, width=120, include_lineno=False, sort_output=True)


def compile_all() -> None:
    """Writes every ``.mo``."""
    for language in LANGUAGES:
        po_path(language).with_suffix(".mo").write_bytes(compiled(load(language)))


def problems() -> list[str]:
    """What is wrong with the translations, one sentence each; empty where all is well."""
    template = extract()
    wanted = {_key(m) for m in template if m.id}
    out: list[str] = []
    for language in LANGUAGES:
        catalog = load(language)
        have = {_key(m): m for m in catalog if m.id}
        missing, lost = sorted(wanted - set(have), key=str), sorted(set(have) - wanted, key=str)
        out += [f"{language}: not in the catalogue (run extract): {key[1]!r}" for key in missing]
        out += [f"{language}: no longer used (run extract): {key[1]!r}" for key in lost]
        waits = waiting(language)
        for key, message in have.items():
            faults = list(_faults(message))
            if "|".join(map(str, key)) in waits and faults == [UNTRANSLATED]:
                continue
            out += [f"{language}: {fault}: {key[1]!r}" for fault in faults]
            if "|".join(map(str, key)) in waits and not faults:
                out.append(f"{language}: translated by now; take it off {WAITING.name}: {key[1]!r}")
        if not _is_compiled(language, have.values()):
            out.append(f"{language}: the compiled file is stale; run compile")
    return out


def waiting(language: str) -> frozenset[str]:
    """Messages that are known to wait for a translator; they are shown in English meanwhile. It should be empty."""
    if not WAITING.exists():
        return frozenset()
    return frozenset(json.loads(WAITING.read_text(encoding="utf-8")).get(language, ()))


def _is_compiled(language: str, messages: Iterable[Message]) -> bool:
    """Whether the .mo says what the .po says (its header may differ by Babel's version)."""
    path = po_path(language).with_suffix(".mo")
    if not path.exists():
        return False
    with path.open("rb") as file:
        have = {_key(m): _strings(m) for m in read_mo(file) if m.id}
    return all(have.get(_key(m)) == _strings(m) for m in messages if UNTRANSLATED not in _faults(m))


def _key(message: Message) -> tuple[str | None, str]:
    # Babel's reader of .mo files leaves the context as bytes.
    context = message.context.decode() if isinstance(message.context, bytes) else message.context
    return (context, message.id if isinstance(message.id, str) else message.id[0])


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _faults(message: Message) -> Iterator[str]:
    strings = _strings(message)
    if not strings or not all(strings):
        yield UNTRANSLATED
        return
    if message.fuzzy:
        yield "fuzzy"
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    allowed = set().union(*(_placeholders(i) for i in ids))
    needed = _placeholders(ids[0]) if len(ids) == 1 else set()
    for text in strings:
        if not needed <= _placeholders(text) <= allowed:
            yield f"placeholders differ in {text!r}"


def _placeholders(text: str) -> set[str]:
    return {m.group() for m in _PLACEHOLDER.finditer(text) if m.group() != "%%"}


def main(arguments: list[str]) -> int:
    """The command; returns its exit code."""
    match arguments:
        case ["extract"]:
            update()
        case ["compile"]:
            compile_all()
        case ["check"]:
            found = problems()
            sys.stdout.write("\n".join(found or ["Every message is translated."]) + "\n")
            return 1 if found else 0
        case _:
            sys.stderr.write("usage: python -m safeconduct.kernel.ui.translations extract | compile | check\n")
            return 2
    return 0


if __name__ == "__main__":
    import django
    from django.conf import settings

    if not settings.configured:
        # Reading templates needs no database and no application, only Django's defaults.
        settings.configure(USE_I18N=True)
        django.setup()
    raise SystemExit(main(sys.argv[1:]))
