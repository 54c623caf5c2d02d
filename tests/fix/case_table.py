"""The table of cases in docs/fix.md, written from the scripts: `python -m tests.fix.case_table`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.fix.definitions import BY_NAME, Script, one_variant_each, scripts
from tests.fix.in_the_core import suits

DOCUMENT = Path(__file__).parents[2] / "docs" / "fix.md"
BEGIN, END = "<!-- cases: begin -->\n", "<!-- cases: end -->\n"
LETTERS = {"acceptor": "A", "initiator": "I"}


def table(all_scripts: Sequence[Script]) -> str:
    """One row for each script, and how many runs they come to."""
    head = ["Case", "What happens", "Script", *(name.removeprefix("FIX.") for name in BY_NAME)]
    rows = [head, ["---"] * len(head)]
    rows += [_row(each) for each in all_scripts]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *_total(all_scripts), *_reasons(all_scripts)]) + "\n"


def _row(script: Script) -> list[str]:
    cells = []
    for version in BY_NAME:
        roles = sorted({run.role for run in script.runs("memory") if run.version.name == version})
        roles = roles or [r for r in script.roles if "memory" not in script.places]
        told = " ".join(LETTERS[role] for role in roles) if version in script.versions else "–"
        cells.append(told)
    return [script.case, script.title, f"`{script.name}`", *cells]


def _total(all_scripts: Sequence[Script]) -> list[str]:
    """How many runs there are of each version and role."""
    memory = [run for each in all_scripts for run in each.runs("memory")]
    socket = [run for each in all_scripts for run in one_variant_each(each, "socket")]
    first = [run for each in all_scripts for run in one_variant_each(each, "memory")]
    core = [run for run in first if suits(run)]
    columns = [(version, role) for version in BY_NAME for role in LETTERS]
    heads = [f"{version.removeprefix('FIX.')} {LETTERS[role]}" for version, role in columns]
    rows = [["Runs", *heads], ["---"] * (1 + len(heads))]
    for place, runs in (
        ("in memory, every variant, each three ways", memory),
        ("over a socket, one variant of each script", socket),
        ("in the whole node, one variant of each script", core),
    ):
        names = [(run.version.name, run.role) for run in runs]
        rows.append([place, *(str(names.count(column) or "–") for column in columns)])
    return [f"{len(all_scripts)} scripts.", "", *(f"| {' | '.join(row)} |" for row in rows)]


def _reasons(all_scripts: Sequence[Script]) -> list[str]:
    """Why a script is not for every version, role or place, each reason once."""
    found: dict[str, list[str]] = {}
    for script in all_scripts:
        for reason in script.reasons.values():
            found.setdefault(reason, []).append(f"`{script.name}`")
    lines = [f"- {reason}: {', '.join(names)}" for reason, names in found.items()]
    return ["", "Restricted, because", "", *lines]


def written() -> str:
    """What the document says now."""
    return DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def write() -> None:
    """Put the table into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}{table(scripts())}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
