"""Markdown to one HTML page: the little of it that our documents use.

Headings, paragraphs, lists, tables, code, `code` and **bold**. Needs no network and no script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #999;padding:.2em .6em;"
    "text-align:left;vertical-align:top}pre{overflow-x:auto;background:#f4f4f4;padding:1em}"
    "code{font-family:ui-monospace,monospace;font-size:.9em}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}pre{background:#222}}"
)


def page(markdown: str) -> str:
    """A whole page; its title is the first heading."""
    lines = markdown.splitlines()
    title = next((line[2:] for line in lines if line.startswith("# ")), "")
    body = "\n".join(_blocks(lines))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n"
        "</body>\n</html>\n"
    )


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        end = at + 1
        heading = re.match(r"(#{1,6}) (.*)", line)
        if heading:
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
        elif line.startswith("```"):
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            yield f"<pre>{escape(chr(10).join(lines[at + 1 : end]))}</pre>"
            end += 1
        elif line.startswith(("|", "- ")):
            end = _run(lines, at, line[0])
            make = _table if line[0] == "|" else _list
            yield from make(lines[at:end])
        elif line.strip():
            yield f"<p>{_inline(line)}</p>"
        at = end


def _run(lines: list[str], at: int, mark: str) -> int:
    end = at
    while end < len(lines) and lines[end].startswith(mark):
        end += 1
    return end


def _table(lines: list[str]) -> Iterator[str]:
    yield "<table>"
    for number, line in enumerate(lines):
        if number == 1:
            continue  # the rule below the header
        cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
        kind = "th" if number == 0 else "td"
        if number == 0 and not any(cell.strip() for cell in cells):
            continue
        row = "".join(
            f"<{kind}>{_inline(cell.strip().replace(chr(92) + '|', '|'))}</{kind}>"
            for cell in cells
        )
        yield f"<tr>{row}</tr>"
    yield "</table>"


def _list(lines: list[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{_inline(line[2:])}</li>" for line in lines)
    yield "</ul>"


def _inline(text: str) -> str:
    text = escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    return re.sub(r"(?<!\*)\*([^*]+)\*(?!\*)", r"<em>\1</em>", text)
