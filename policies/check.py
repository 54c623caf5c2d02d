"""Static checks: what is wrong with documents together, before any order meets them.

Matches are conjunctions over finite lists and ranges, so orders fall into finitely many cells, in
each of which the same clauses speak. The allowed algos and the routes of every cell are checked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.document import SETTINGS, Clause, Known, Setting
from policies.match import KEY_ORDER, Value
from policies.probe import Route, routes
from router.model import Venue

CELLS_MAX = 20_000
"""Combinations of match values that are looked at."""

_OTHER = "any other"
"""Stands for a name that no document mentions; no name has a space."""
_NAMES = {
    "side": ("buy", "sell", "sell_short", "sell_short_exempt"),
    "ord_type": ("market", "limit"),
}

Cell = dict[str, Value]
ChooseAlgo = Callable[[Mapping[str, Value]], tuple[Clause, Setting] | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that can be said against the documents."""

    severity: str
    """`error` or `warning`."""
    place: str
    """`file:line`."""
    clause_id: str
    text: str

    def __str__(self) -> str:
        about = f"{self.clause_id}: " if self.clause_id else ""
        return f"{self.place}: {about}{self.text}"


def contradictions(clauses: Sequence[Clause]) -> Iterator[Finding]:
    """Settings of one layer that are equally specific, can meet in one order, and differ."""
    for key in SETTINGS:
        setting = [each for each in clauses if key in each.settings]
        for one, other in itertools.combinations(setting, 2):
            mine, theirs = one.settings[key], other.settings[key]
            if (
                one.layer == other.layer
                and one.match.specificity() == other.match.specificity()
                and mine != theirs
                and one.match.overlaps(other.match)
            ):
                text = (
                    f"{key} {theirs.text()} contradicts {key} {mine.text()} of {one.clause_id}"
                    f" at {one.place}: both match as closely"
                )
                yield Finding("error", other.place, other.clause_id, text)


def examine(
    clauses: Sequence[Clause], known: Known, venues: Sequence[Venue], choose_algo: ChooseAlgo
) -> list[Finding]:
    """Errors and warnings of every cell, each told once, for the first cell that shows it."""
    axes = _axes(clauses, known)
    found: list[Finding] = []
    count = math.prod(len(values) for values in axes.values())
    if count > CELLS_MAX:
        text = f"{count} combinations of matches: only the first {CELLS_MAX} are checked"
        found.append(Finding("warning", clauses[0].place, "", text))
    before_algo = {key: values for key, values in axes.items() if key != "algo"}
    found += _algo_findings(clauses, _cells(before_algo), choose_algo)
    spoke: dict[tuple[str, ...], None] = {}
    for cell in _cells(axes):
        speaking = _speaking(clauses, cell)
        algo = cell["algo"]
        if isinstance(algo, str) and _denied_by(speaking, algo) is not None:
            continue
        ids = tuple(each.clause_id for each in speaking)
        if ids not in spoke:
            spoke[ids] = None
            found += _route_findings(speaking, cell, venues)
    if count <= CELLS_MAX:
        found += _silent(clauses, spoke)
    return _told_once(found)


# --- cells ---------------------------------------------------------------------------------------


def _axes(clauses: Sequence[Clause], known: Known) -> dict[str, list[Value]]:
    """For each key that is matched on, one value of every set of orders it tells apart."""
    axes: dict[str, list[Value]] = {}
    for key in KEY_ORDER:
        wanted = [asked for each in clauses for name, asked in each.match.given() if name == key]
        names = list(
            dict.fromkeys(name for each in wanted if isinstance(each, tuple) for name in each)
        )
        bounds = [each.bounds() for each in wanted if not isinstance(each, tuple)]
        if names:
            axes[key] = [*names, *_others(key, names, known)]
        elif bounds:
            axes[key] = list(_points(key, bounds))
    return axes


def _others(key: str, names: Sequence[str], known: Known) -> list[str]:
    """A name that is not mentioned, if there can be one."""
    finite: dict[str, Sequence[str]] = {
        **_NAMES,
        "symbol": known.symbols,
        "algo": sorted(known.algos),
    }
    if key not in finite:
        return [_OTHER]
    return [name for name in finite[key] if name not in names][:1]


def _points(key: str, bounds: Sequence[tuple[float, float]]) -> Iterator[float]:
    """A value in each of the ranges that the bounds cut; the largest quantity of each."""
    edges = sorted({0.0, *(edge for pair in bounds for edge in pair)})
    for low, high in itertools.pairwise([*edges, math.inf] if edges[-1] < math.inf else edges):
        top = math.ceil(high) - 1 if high < math.inf else low
        yield max(low, top) if key == "qty" else low


def _cells(axes: Mapping[str, Sequence[Value]]) -> Iterator[Cell]:
    for values in itertools.islice(itertools.product(*axes.values()), CELLS_MAX):
        yield dict.fromkeys(KEY_ORDER) | dict(zip(axes, values, strict=True))


def _speaking(clauses: Sequence[Clause], cell: Cell) -> list[Clause]:
    return [each for each in clauses if not each.match.misses(cell, unknown_holds=True)]


def _cell_text(cell: Cell) -> str:
    told = [f"{key}={value}" for key, value in cell.items() if value is not None]
    return ", ".join(told) or "any order"


# --- findings ------------------------------------------------------------------------------------


def _denied_by(speaking: Sequence[Clause], algo: str) -> Clause | None:
    for clause in speaking:
        if clause.algos is not None and algo not in clause.algos:
            return clause
    return None


def _algo_findings(
    clauses: Sequence[Clause], cells: Iterator[Cell], choose_algo: ChooseAlgo
) -> Iterator[Finding]:
    """The algo that is set must be one that is allowed."""
    for cell in cells:
        chosen = choose_algo(cell)
        if chosen is None:
            continue
        setter, setting = chosen
        denier = _denied_by(_speaking(clauses, cell | {"algo": setting.name}), setting.name)
        if denier is not None:
            text = (
                f"sets algo {setting.name}, which {denier.clause_id} at {denier.place}"
                f" does not allow; allowed: {', '.join(denier.algos or ())}"
            )
            yield Finding("error", setter.place, setter.clause_id, text)


def _route_findings(
    speaking: Sequence[Clause], cell: Cell, venues: Sequence[Venue]
) -> Iterator[Finding]:
    found = routes(speaking, cell, venues)
    mics = list(dict.fromkeys(route.mic for route in found if route.largest > 0))
    shut = [route.shut_by for route in found if route.shut_by is not None]
    if not mics and shut:
        clause = shut[-1]
        by = ", ".join(dict.fromkeys(f"{each.clause_id} at {each.place}" for each in shut))
        text = f"no route left for orders with {_cell_text(cell)}: {by}"
        yield Finding("error", clause.place, clause.clause_id, text)
    elif len(mics) == 1 and len(venues) > 1 and shut:
        text = f"only {mics[0]} is left for orders with {_cell_text(cell)}"
        yield Finding("warning", shut[-1].place, shut[-1].clause_id, text)
    for route in found:
        yield from _size_findings(route, cell)


def _size_findings(route: Route, cell: Cell) -> Iterator[Finding]:
    if route.raised_by is None or not 0 < route.largest < route.smallest:
        return
    lowered = route.lowered_by
    by = f" ({lowered.clause_id} at {lowered.place})" if lowered is not None else ""
    text = (
        f"the smallest {route.tactic} child or MinQty, {route.smallest}, is more than the largest"
        f" child, {route.largest}{by}, for orders with {_cell_text(cell)}"
    )
    yield Finding("error", route.raised_by.place, route.raised_by.clause_id, text)


def _silent(clauses: Sequence[Clause], spoke: Mapping[tuple[str, ...], None]) -> Iterator[Finding]:
    heard = {clause_id for ids in spoke for clause_id in ids}
    for clause in clauses:
        if clause.clause_id not in heard:
            text = f"no order can match: {clause.match.text()}"
            yield Finding("warning", clause.place, clause.clause_id, text)


def _told_once(found: Sequence[Finding]) -> list[Finding]:
    """Drops what differs only in the orders or the tactic that it was found for."""
    seen: dict[tuple[str, str, str], Finding] = {}
    for each in found:
        head = each.text.partition(" for orders with ")[0]
        seen.setdefault((each.severity, each.clause_id, head), each)
    return list(seen.values())
