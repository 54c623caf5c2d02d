"""What `sluice fix` prints of a message: its fields as a tree, bytes as hex. Not a command."""

from __future__ import annotations

from collections.abc import Iterator

from router.analysis.message_view import Node, View
from router.cli.paint import Span

HEX_WIDTH = 16
"""Bytes in a line of hex."""

Line = list[Span]


def message_lines(view: View, where: str, *, names: bool) -> Iterator[Line]:
    """A message: a heading, the fields of header, body and trailer, what is wrong, and hex."""
    yield _heading(view, where)
    for section in view.sections:
        yield [(f"  {section.name}", "quiet")]
        for node in section.nodes:
            yield from _node_lines(node, depth=2, names=names)
    for problem in view.problems:
        yield [("  wrong: ", "wrong"), (problem, "wrong")]
    if view.garbled:
        yield from hex_lines(view.frame)


def _heading(view: View, where: str) -> Line:
    kind = view.msg_name or "unknown message"
    sent = " > ".join(view.fields[tag] for tag in ("49", "56") if tag in view.fields)
    number = f"34={view.fields['34']}" if "34" in view.fields else ""
    parts = [view.version.name, f"{kind}({view.msg_type})", sent, number, where]
    return [("  ".join(part for part in parts if part), "wrong" if view.garbled else "heading")]


def _node_lines(node: Node, *, depth: int, names: bool) -> Iterator[Line]:
    yield [("  " * depth, ""), *field_spans(node, names=names)]
    for number, entry in enumerate(node.entries, 1):
        for index, each in enumerate(entry):
            lines = _node_lines(each, depth=depth + 2, names=names)
            if index == 0:
                first = next(lines)
                mark = f"{'  ' * (depth + 1)}{number}"
                yield [(mark.ljust(2 * (depth + 2)), "quiet"), *first[1:]]
            yield from lines


def field_spans(node: Node, *, names: bool) -> Line:
    """A field: `OrdStatus(39) = 1 PARTIALLY_FILLED`, or `39=1` without names."""
    value = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in node.value)
    if not names:
        return [(f"{node.tag}=", "quiet"), (value, "")]
    title = f"{node.name}({node.tag})" if node.name else f"?({node.tag})"
    spans = [(f"{title} = ", "quiet" if node.name else "wrong"), (value, "")]
    return [*spans, (f" {node.meaning}", "meaning")] if node.meaning else spans


def hex_lines(data: bytes) -> Iterator[Line]:
    """Bytes as they came: offset, hex, and what of it can be printed."""
    for start in range(0, len(data), HEX_WIDTH):
        part = data[start : start + HEX_WIDTH]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        digits = " ".join(f"{byte:02x}" for byte in part)
        yield [(f"    {start:06x}  {digits:<{3 * HEX_WIDTH - 1}}  {shown}", "quiet")]
