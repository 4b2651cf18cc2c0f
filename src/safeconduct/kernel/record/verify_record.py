#!/usr/bin/env python3
"""Checks a proof from the record, offline: whether a line stands in it, and whether its content is unchanged.

    python3 verify_record.py PROOF.json --key 'shop.example/record+1a2b3c4d+AQ…'
    python3 verify_record.py CONSISTENCY.json --key … --checkpoint KEPT

One file, nothing to install: Python 3.8 or newer and its standard library. It reads the files it is given and opens no
connection. You may read it: that is the point.

Exit codes: 0 proved, with the key you gave; 1 refused; 2 a file or an argument cannot be read; 3 all fits together,
but you did not say which key you trust, so it could be a log that somebody else made up.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import hmac
import io
import json
import locale
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Point = tuple[int, int, int, int]
    Key = tuple[str, bytes, int, bytes]
    Say = Callable[..., None]

PROVED, REFUSED, UNREADABLE, UNPINNED = 0, 1, 2, 3
LARGEST_FILE = 5_000_000
LANGUAGES = ("en", "zh", "es")


class Refused(Exception):
    """What was given does not prove what it says; named by a key of WORDS, with what fills its gaps."""

    def __init__(self, word: str, **gaps: object) -> None:
        super().__init__(word)
        self.word, self.gaps = word, gaps


class Unreadable(Refused):
    """A file or an argument that cannot be read."""


# -- Ed25519 (RFC 8032), verification only ----------------------------------------------------------------------------
# A signature is refused where S is not below L, a point is not spelled in its one way, or the key has small order.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
NEUTRAL = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    total = NEUTRAL
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def encode(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """The point with this spelling, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if len(data) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or NEUTRAL


def signature_fits(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this is the key's signature under the message."""
    key = decode(public)
    if key is None or len(signature) != 64 or encode(times(8, key)) == encode(NEUTRAL):
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    minus_key = (P - key[0], key[1], 1, P - key[3])
    return encode(add(times(scalar, BASE), times(k, minus_key))) == signature[:32]


# -- keys and signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature) --------------------------------------

LOG, WITNESS = 1, 4
KEY = re.compile(r"[^\s+]+\+[0-9a-fA-F]{8}\+[A-Za-z0-9+/]+=*")


def read_key(text: str) -> Key:
    """Name, id, kind and bytes of a verifier key: name+id+base64."""
    try:
        name, identity, encoded = text.strip().split("+", 2)
        data = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("key_unreadable", key=text.strip()[:120]) from None
    expected = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if len(data) != 33 or data[0] not in (LOG, WITNESS) or expected.hex() != identity.lower():
        raise Unreadable("key_unreadable", key=text.strip()[:120])
    return name, expected, data[0], data[1:]


def read_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text of a note, and its signature lines as (name, key id, signature)."""
    text, gap, tail = note.rpartition("\n\n")
    lines: list[tuple[str, bytes, bytes]] = []
    for line in tail[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            data = base64.b64decode(encoded, validate=True)
        except ValueError:
            data = b""
        if not gap or not tail.endswith("\n") or dash != "\u2014" or len(data) < 5:
            raise Refused("note")
        lines.append((name, data[:4], data[4:]))
    return text + "\n", lines


def is_signed(note: str, key: Key) -> bool:
    """Whether the key signed this note; a witness signs the time with it."""
    text, lines = read_note(note)
    name, identity, kind, public = key
    for signer, number, signature in lines:
        if (signer, number) == (name, identity):
            message = text.encode()
            if kind == WITNESS:
                seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                message = ("cosignature/v1\ntime %d\n" % seconds).encode() + message  # noqa: UP031
            return signature_fits(public, message, signature)
    return False


def read_checkpoint(note: str) -> tuple[str, int, bytes]:
    """Origin, size and root."""
    lines = read_note(note)[0].split("\n")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (ValueError, IndexError):
        raise Refused("note") from None
    if not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) or len(root) != 32:
        raise Refused("note")
    return lines[0], int(lines[1]), root


# -- Merkle trees (RFC 9162, 2.1.3.2 and 2.1.4.2) ---------------------------------------------------------------------


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(entry: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    if not 0 <= index < size:
        raise Refused("path")
    first, last, total = index, size - 1, hashlib.sha256(b"\x00" + entry).digest()
    for part in path:
        if last == 0:
            raise Refused("path")
        if first & 1 or first == last:
            total = node(part, total)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            total = node(total, part)
        first, last = first >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(total, root):
        raise Refused("path")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> None:
    if old == 0:
        raise Refused("nothing")  # every log begins with an empty one: that proves nothing
    if old > new:
        raise Refused("backwards")
    if old == new:
        if path or old_root != new_root:
            raise Refused("split", size=old)
        return
    path = path if old & (old - 1) else [old_root, *path]
    if not path:
        raise Refused("rewritten")
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = path[0]
    for part in path[1:]:
        if last == 0:
            raise Refused("rewritten")
        if first & 1 or first == last:
            before, after = node(part, before), node(part, after)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            after = node(after, part)
        first, last = first >> 1, last >> 1
    if last != 0 or before != old_root or after != new_root:
        raise Refused("rewritten")


# -- the content of a line --------------------------------------------------------------------------------------------


def canonical(value: Any) -> str:
    """The one spelling of a value (RFC 8785; whole numbers only)."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(part) for part in value) + "]"
    if isinstance(value, float):
        raise Refused("content")
    return json.dumps(value, ensure_ascii=False)


def check_content(line: dict[str, Any], content: Any) -> None:
    """That what is shown is what the line commits to."""
    try:
        salt, shown = bytes.fromhex(content["salt"]), canonical(content["shown"]).encode()
        fits = hmac.compare_digest(hmac.new(salt, shown, hashlib.sha256).hexdigest(), line["commit"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused("content") from None
    if not fits or len(salt) not in (16, 32):
        raise Refused("content")


# -- files ------------------------------------------------------------------------------------------------------------


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON in which no name stands twice: a reader could be shown one value, and the hash another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def read_file(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise ValueError
        return data.decode("utf-8")
    except (OSError, ValueError):
        raise Unreadable("file", file=name) from None


def read_json(name: str) -> dict[str, Any]:
    text = read_file(name)
    try:
        value: dict[str, Any] = json.loads(text, object_pairs_hook=once)
        if value["form"] != 1 or not isinstance(value["path"], list) or not isinstance(value["keys"], list):
            raise ValueError
        value["path"] = [bytes.fromhex(part) for part in value["path"]]
        if any(len(part) != 32 for part in value["path"]):
            raise ValueError
        for field, kind in (("old", str), ("new", str)) if "old" in value else FIELDS:
            if type(value[field]) is not kind:
                raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable("form", file=name) from None
    return value


FIELDS = (("index", int), ("size", int), ("entry", str), ("checkpoint", str))


def read_kept(name: str) -> str:
    """A checkpoint that was kept: the note itself, an earlier proof, or the last line of a file of checkpoints."""
    text = read_file(name)
    for candidate in (text, (text.strip().splitlines() or [""])[-1]):
        try:
            value = json.loads(candidate, object_pairs_hook=once)
            return str(value.get("checkpoint") or value["new"])
        except (ValueError, KeyError, AttributeError, RecursionError):
            continue
    return text.replace("\r\n", "\n")


# -- checking ---------------------------------------------------------------------------------------------------------


def trusted_keys(chain: list[Any], pinned: Key | None) -> list[Key]:
    """The keys to be believed: the pinned one, and each that the one before vouched for."""
    try:
        links = [(read_key(link["key"]), link["key"], link["vouched"]) for link in chain]
    except (KeyError, TypeError, AttributeError):
        raise Refused("chain") from None
    if not links:
        raise Refused("chain")
    start = 0
    if pinned is not None:
        places = [place for place, (key, _, _) in enumerate(links) if key == pinned]
        if not places:
            raise Refused("pinned")
        start = places[0]
    keys = [links[start][0]]
    for key, text, vouched in links[start + 1 :]:
        words = "the next key of %s is\n%s\n" % (keys[-1][0], text.strip())  # noqa: UP031
        if not isinstance(vouched, str) or read_note(vouched)[0] != words or not is_signed(vouched, keys[-1]):
            raise Refused("chain")
        keys.append(key)
    return keys


def check_signed(note: str, keys: list[Key]) -> tuple[Key, int, bytes]:
    """The checkpoint, if one of these keys signed it under its own log's name."""
    origin, size, root = read_checkpoint(note)
    for key in keys:
        if key[0] == origin and key[2] == LOG and is_signed(note, key):
            return key, size, root
    raise Refused("signature")


def check(arguments: argparse.Namespace, say: Say) -> int:
    """Checks what was asked for; returns the exit code. Raises Refused."""
    value = read_json(arguments.file)
    pinned = None
    if arguments.key:
        text = arguments.key if KEY.fullmatch(arguments.key.strip()) else read_file(arguments.key)
        pinned = read_key(text)
    keys = trusted_keys(value["keys"], pinned)
    if "old" in value:
        _, old, old_root = check_signed(value["old"], keys)
        signer, size, root = check_signed(value["new"], keys)
        check_consistency(old, size, old_root, root, value["path"])
        known, newest = {old: old_root, size: root}, value["new"]
        say("consistent", old=old, new=size)
    else:
        signer, size, root = check_signed(value["checkpoint"], keys)
        if size != value["size"]:
            raise Refused("path")
        entry = value["entry"].encode("utf-8", "surrogatepass")
        check_inclusion(entry, value["index"], size, value["path"], root)
        known, newest = {size: root}, value["checkpoint"]
        check_line(value, say)
    for name in arguments.checkpoint:
        check_kept(name, keys, known, say)
    for text in arguments.witness:
        key = read_key(text)
        if key[2] != WITNESS or not is_signed(newest, key):
            raise Refused("witness", name=key[0])
        say("witnessed", name=key[0])
    say("signed", name=signer[0], id=signer[1].hex())
    if pinned is None:
        say("unpinned", key=value["keys"][0]["key"])
        return UNPINNED
    return PROVED


def check_line(value: dict[str, Any], say: Say) -> None:
    try:
        line = json.loads(value["entry"], object_pairs_hook=once)
        what = {name: str(line.get(name, "")) for name in ("at", "kind", "subject", "act", "ver")}
        line["commit"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("entry") from None
    if "content" not in value:
        say("bare")
    elif value["content"] is None:
        say("erased")
    else:
        check_content(line, value["content"])
        say("proved")
    say("line", index=value["index"], size=value["size"], **what)
    if value.get("content") is not None and "withheld" in value["content"]["shown"]:
        say("withheld")


def check_kept(name: str, keys: list[Key], known: dict[int, bytes], say: Say) -> None:
    _, size, root = check_signed(read_kept(name), keys)
    if size not in known:
        raise Refused("other_size", file=name, size=size)
    if known[size] != root:
        raise Refused("split", size=size)
    say("kept", file=name, size=size)


# -- words ------------------------------------------------------------------------------------------------------------

WORDS = {
    "proved": (
        "PROVED: this line stands in the record, and what you are shown is what was written down then.",
        "已证明：此条目确在记录中，您所看到的内容与当时写下的一致。",
        "PROBADO: esta línea consta en el registro, y lo que se le muestra es lo que se escribió entonces.",
    ),
    "erased": (
        "PROVED: this line stands in the record. Its content was erased; nobody can show any more what it said.",
        "已证明：此条目确在记录中。其内容已被删除，任何人都无法再证明它写了什么。",
        "PROBADO: esta línea consta en el registro. Su contenido fue borrado; ya nadie puede mostrar qué decía.",
    ),
    "bare": (
        "PROVED: this line stands in the record. This file does not hold its content.",
        "已证明：此条目确在记录中。本文件不包含其内容。",
        "PROBADO: esta línea consta en el registro. Este archivo no contiene su contenido.",
    ),
    "line": (
        "Line {index} of {size}: {kind} {subject} {act} {ver}, {at}",
        "第 {index} 行，共 {size} 行：{kind} {subject} {act} {ver}，{at}",
        "Línea {index} de {size}: {kind} {subject} {act} {ver}, {at}",
    ),
    "withheld": (
        "A part is withheld from you. It was fixed at the same time and cannot be changed later either.",
        "有一部分内容未向您展示，但它在同一时间已被固定，之后同样无法更改。",
        "Una parte no se le muestra. Se fijó al mismo tiempo y tampoco puede cambiarse después.",
    ),
    "consistent": (
        "PROVED: the record of {new} lines begins with the record of {old} lines, unchanged.",
        "已证明：{new} 行的记录以先前 {old} 行的记录开头，且未被更改。",
        "PROBADO: el registro de {new} líneas comienza con el de {old} líneas, sin cambios.",
    ),
    "kept": (
        "The checkpoint that you kept ({file}, {size} lines) is of this same record.",
        "您保存的检查点（{file}，{size} 行）属于同一份记录。",
        "El punto de control que usted guardó ({file}, {size} líneas) es de este mismo registro.",
    ),
    "signed": (
        "Signed by {name}, key {id}.",
        "签名者：{name}，密钥 {id}。",
        "Firmado por {name}, clave {id}.",
    ),
    "witnessed": (
        "The witness {name} saw the same record.",
        "见证者 {name} 看到的是同一份记录。",
        "El testigo {name} vio el mismo registro.",
    ),
    "unpinned": (
        (
            "BUT you did not say which key you trust: anyone can make up a log with a key of their own. Get\n"
            "the first key by another way than this file, compare it, and check again with --key '{key}'"
        ),
        (
            "但是您没有说明信任哪个密钥：任何人都可以用自己的密钥伪造一份记录。\n"
            "请通过本文件以外的途径取得第一个密钥并核对，然后加上 --key '{key}' 再次检查"
        ),
        (
            "PERO no ha dicho en qué clave confía: cualquiera puede inventar un registro con clave propia. Obtenga\n"
            "la primera clave por otra vía que este archivo, compárela y compruebe de nuevo con --key '{key}'"
        ),
    ),
    "refused": ("NOT PROVED: ", "未能证明：", "NO PROBADO: "),
    "unreadable": ("Cannot be read: ", "无法读取：", "No se puede leer: "),
    "key_unreadable": (
        "the key {key}. A key looks like name+8 hexadecimal digits+base64; it may have been copied incompletely.",
        "密钥 {key}。密钥的形式为 名称+8 位十六进制数+base64；可能复制不完整。",
        "la clave {key}. Una clave es nombre+8 cifras hexadecimales+base64; quizá se copió incompleta.",
    ),
    "file": (
        "{file}. It is missing, no text, or larger than 5 MB.",
        "{file}。文件不存在、不是文本，或大于 5 MB。",
        "{file}. Falta, no es texto o supera los 5 MB.",
    ),
    "form": (
        "{file} is no proof in the form that this program knows. Download it again.",
        "{file} 不是本程序所认识的证明文件。请重新下载。",
        "{file} no es una prueba en la forma que este programa conoce. Descárguela de nuevo.",
    ),
    "note": ("a signed text in it is malformed.", "其中的签名文本格式不正确。", "un texto firmado está mal formado."),
    "entry": ("the line is malformed.", "该条目格式不正确。", "la línea está mal formada."),
    "chain": (
        "a key in it is not vouched for by the key before.",
        "其中某个密钥没有得到前一个密钥的担保。",
        "una de las claves no está avalada por la anterior.",
    ),
    "pinned": (
        "the key that you trust is not among its keys: this is another log, or the file was changed.",
        "您信任的密钥不在其中：这是另一份记录，或者文件已被更改。",
        "la clave en la que usted confía no está entre las suyas: es otro registro, o el archivo fue cambiado.",
    ),
    "signature": (
        "no trusted key signed the checkpoint, or it was changed afterwards.",
        "检查点没有可信密钥的签名，或在签名后被更改。",
        "ninguna clave de confianza firmó el punto de control, o se cambió después.",
    ),
    "path": (
        "the line is not in the record that was signed, or was changed.",
        "该条目不在已签名的记录中，或已被更改。",
        "la línea no está en el registro firmado, o fue cambiada.",
    ),
    "content": (
        "what you are shown is not what was written down then.",
        "您所看到的内容与当时写下的不一致。",
        "lo que se le muestra no es lo que se escribió entonces.",
    ),
    "nothing": (
        "a checkpoint of no lines proves nothing: every record begins with it.",
        "零行的检查点什么也证明不了：任何记录都以它开头。",
        "un punto de control de cero líneas no prueba nada: todo registro comienza con él.",
    ),
    "backwards": (
        "the later checkpoint has fewer lines than the earlier: the record was cut off.",
        "较晚的检查点行数少于较早的检查点：记录被截断了。",
        "el punto de control posterior tiene menos líneas que el anterior: el registro fue recortado.",
    ),
    "rewritten": (
        "the later record does not begin with the earlier: it was written anew. Keep both files, they are evidence.",
        "较晚的记录并不以较早的记录开头：它被重写了。请保留这两个文件作为证据。",
        "el registro posterior no comienza con el anterior: fue reescrito. Guarde ambos archivos, son evidencia.",
    ),
    "split": (
        "two different records of {size} lines were signed. Keep both files, they are evidence.",
        "有两份不同的 {size} 行记录都被签了名。请保留这两个文件作为证据。",
        "se firmaron dos registros distintos de {size} líneas. Guarde ambos archivos, son evidencia.",
    ),
    "other_size": (
        (
            "{file} is a checkpoint of {size} lines, which this file says nothing about. Get /record/consistency/{size}"
            " from the site and check that file with the same --checkpoint."
        ),
        (
            "{file} 是 {size} 行的检查点，本文件没有涉及。请从网站下载 /record/consistency/{size}，"
            "并用同样的 --checkpoint 检查那个文件。"
        ),
        (
            "{file} es un punto de control de {size} líneas, del que este archivo no dice nada. Obtenga"
            " /record/consistency/{size} del sitio y compruébelo con el mismo --checkpoint."
        ),
    ),
    "witness": (
        "the witness {name} did not sign this checkpoint.",
        "见证者 {name} 没有签署此检查点。",
        "el testigo {name} no firmó este punto de control.",
    ),
}


def language_of(asked: str | None) -> str:
    """The language asked for, or that of this computer, or English."""
    names = [asked, *(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))]
    with contextlib.suppress(ValueError):
        names.append(locale.getlocale()[0])
    for name in names:
        if name and name[:2].lower() in LANGUAGES:
            return name[:2].lower()
        if name and name.lower().startswith(("chinese", "spanish")):
            return {"c": "zh", "s": "es"}[name[0].lower()]
        if name and name not in ("C", "POSIX") and not name.startswith("C."):
            break
    return "en"


def main(words: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Checks a proof from the record, offline. / 离线核对证明。 / Comprueba una prueba.",
        epilog="Exit codes: 0 proved, 1 refused, 2 unreadable, 3 fits together but no --key was given.",
    )  # fmt: skip
    parser.add_argument("file", help="the proof, or a proof that the record only grew")
    parser.add_argument("--key", help="the verifier key that you trust, or a file with it")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE",
                        help="a checkpoint that you kept: its text, or an earlier proof; may be repeated")  # fmt: skip
    parser.add_argument("--witness", action="append", default=[], metavar="KEY",
                        help="the verifier key of a witness who must have signed; may be repeated")  # fmt: skip
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the answer")
    arguments = parser.parse_args(words)
    place = LANGUAGES.index(language_of(arguments.lang))

    def told(word: str, **gaps: object) -> str:
        return WORDS[word][place].format(**gaps)

    lines: list[str] = []
    try:
        code = check(arguments, lambda word, **gaps: lines.append(told(word, **gaps)))
    except Refused as problem:
        unreadable = isinstance(problem, Unreadable)
        code = UNREADABLE if unreadable else REFUSED
        lines = [told("unreadable" if unreadable else "refused") + told(problem.word, **problem.gaps)]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    out = sys.stdout if code in (PROVED, UNPINNED) else sys.stderr
    out.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
