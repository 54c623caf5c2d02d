"""`sluice fix decode`: FIX messages out of a file or a pipe, with names, and what is wrong."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from router.analysis.fix_log import Found, Unread, find
from router.analysis.masking import mask_junk
from router.analysis.message_view import Node, Reader, View
from router.cli.errors import CommandError, ExitCode
from router.cli.fix_explain import explain
from router.cli.fix_names import by_comp_ids
from router.cli.fix_text import Line, hex_lines, message_lines
from router.cli.options import JsonOption, settings_of
from router.cli.output import say, show_json
from router.cli.paint import paint
from router.fix.versions import VERSIONS, Version

CHUNK = 1 << 16
"""Bytes read at once at most."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

VersionOption = Annotated[
    str,
    typer.Option(
        "--version",
        metavar="VERSION",
        show_default="by BeginString(8)",
        help=f"Read by one of: {', '.join(each.name for each in VERSIONS)}.",
    ),
]


def decode(
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="A file, .gz too; - or nothing: stdin.")
    ] = "-",
    spoken: VersionOption = "",
    no_names: Annotated[bool, typer.Option("--no-names", help="Tags alone.")] = False,
    question: Annotated[
        str,
        typer.Option("--explain", metavar="TAG=VALUE", help="What a value means; reads no file."),
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="For the dictionaries of its sessions."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print FIX messages with names, groups as a tree, and what is wrong with each.

    The separator may be SOH, | or ^A, and a log's words may stand before 8=FIX. What cannot be read
    is shown as hex, passwords as ***. The version is that of BeginString(8), 1128 and 1137. Exit 2:
    there is no message. Exit 10: something is wrong with one.
    """
    forced = named_version(spoken)
    if question:
        explain(question, forced, as_json=as_json)
        return
    dictionaries = {} if config is None else by_comp_ids(settings_of(config))
    unread, reader = Unread(), Reader(forced, dictionaries)
    count = wrong = 0
    for found in find(_chunks(source), unread):
        count += 1
        view = reader.read(found.frame) if found.frame else None
        wrong += view is None or bool(view.problems)
        if as_json:
            show_json(_data(found, view))
        else:
            _print(found, view, names=not no_names, first=count == 1)
    if unread.lines:
        say(f"lines without a FIX message: {unread.lines:,}")
    if not count:
        raise CommandError(ExitCode.NOT_FOUND, f"no FIX message in {_called(source)}")
    if wrong:
        text = f"messages that are not what they should be: {wrong:,} of {count:,}"
        raise CommandError(ExitCode.FINDINGS, text)


def named_version(name: str) -> Version | None:
    """A version by its name; None for an empty one.

    Raises:
        CommandError: it is none that we speak.
    """
    for each in VERSIONS:
        if name == each.name:
            return each
    if not name:
        return None
    allowed = ", ".join(each.name for each in VERSIONS)
    raise CommandError(ExitCode.CONFIGURATION, f"--version {name!r} is not one of: {allowed}")


def _print(found: Found, view: View | None, *, names: bool, first: bool) -> None:
    where = f"line {found.line:,}" + (f": {found.prefix}" if found.prefix else "")
    if view is None:
        heading: Line = [(f"no message, {len(found.junk):,} bytes  {where}", "wrong")]
        lines = [heading, *hex_lines(mask_junk(found.junk))]
    else:
        lines = list(message_lines(view, where, names=names))
    paint(*([] if first else [[]]), *lines)


def _data(found: Found, view: View | None) -> dict[str, object]:
    if view is None:
        junk = mask_junk(found.junk)
        return {"line": found.line, "garbled": True, "problems": ["no message"], "hex": junk.hex()}
    return {
        "line": found.line,
        "prefix": found.prefix,
        **view_data(view),
        **({"hex": view.frame.hex()} if view.garbled else {}),
    }


def view_data(view: View) -> dict[str, object]:
    """A message as JSON has it."""
    return {
        "fix_version": view.version.name,
        "msg_type": view.msg_type,
        "msg_name": view.msg_name,
        "fields": [
            {"section": section.name, **_node_data(node)}
            for section in view.sections
            for node in section.nodes
        ],
        "garbled": view.garbled,
        "problems": list(view.problems),
    }


def _node_data(node: Node) -> dict[str, object]:
    data: dict[str, object] = {
        "tag": node.tag,
        "name": node.name,
        "value": node.value,
        "meaning": node.meaning,
    }
    if node.entries:
        data["entries"] = [[_node_data(each) for each in entry] for entry in node.entries]
    return data


# -- where the bytes come from -------------------------------------------------------------------


def _called(source: str) -> str:
    return "stdin" if source == "-" else source


def _chunks(source: str) -> Iterator[bytes]:
    """The bytes of a file or of stdin, as they come; unpacked if they are gzip's."""
    if source == "-":
        yield from _unpacked(_read(sys.stdin.buffer), source)
        return
    with Path(source).open("rb") as file:
        yield from _unpacked(_read(file), source)


def _read(stream: BinaryIO) -> Iterator[bytes]:
    """What is there, without waiting for more."""
    read = getattr(stream, "read1", stream.read)
    while chunk := read(CHUNK):
        yield chunk


def _unpacked(chunks: Iterator[bytes], source: str) -> Iterator[bytes]:
    first = next(chunks, b"")
    if first.startswith(_ZSTD):
        text = f"{_called(source)} is packed by zstd; unpack it: zstd -dc FILE | sluice fix decode"
        raise CommandError(ExitCode.ERROR, text)
    if not first.startswith(_GZIP):
        yield first
        yield from chunks
        return
    unpack, packed = zlib.decompressobj(zlib.MAX_WBITS | 16), first
    try:
        while packed or (packed := next(chunks, b"")):
            yield unpack.decompress(packed)
            packed = unpack.unused_data
            if unpack.eof:
                unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    except zlib.error as error:
        say(f"{_called(source)}: the rest cannot be unpacked: {error}")
        return
