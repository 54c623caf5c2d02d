"""Prometheus' text format, version 0.0.4: families of samples as text.

Owns names' spelling, escaping and order. Must not know what is measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from router.signs import BUCKETS_S, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "sluice_"
VALUE_MAX = 128
"""Characters of a label's value."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")

Kind = Literal["counter", "gauge", "histogram"]
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its samples."""

    name: str
    kind: Kind
    help: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)
    histograms: list[tuple[Labels, Histogram]] = field(default_factory=list)


def render(families: Iterable[Family]) -> str:
    """Everything as a scrape's body. A family without samples shows that there is such a thing."""
    lines: list[str] = []
    for family in families:
        assert _NAME.fullmatch(family.name), family.name
        assert (family.kind == "counter") == family.name.endswith("_total"), family.name
        name = PREFIX + family.name
        samples = [_sample(name, labels, value) for labels, value in family.samples]
        for labels, histogram in family.histograms:
            samples += _histogram(name, labels, histogram)
        lines += [f"# HELP {name} {_escaped(family.help)}", f"# TYPE {name} {family.kind}"]
        lines += samples
    return "\n".join(lines) + "\n"


def _histogram(name: str, labels: Labels, histogram: Histogram) -> list[str]:
    totals = list(accumulate(histogram.counts))
    ends = [*(_number(end) for end in BUCKETS_S), "+Inf"]
    lines = [
        _sample(f"{name}_bucket", {**labels, "le": end}, total)
        for end, total in zip(ends, totals, strict=True)
    ]
    sums = [
        _sample(f"{name}_sum", labels, histogram.total_s),
        _sample(f"{name}_count", labels, totals[-1]),
    ]
    return lines + sums


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_quoted(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(value)


def _quoted(text: str) -> str:
    return _escaped(text[:VALUE_MAX]).replace('"', '\\"')


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
