"""A predictor's comparison as text: what `sluice train predictor` prints. Not a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.cli.output import columns
from router.cli.paint import Span
from router.core.predictor import CLASSES
from router.predictor.comparison import Comparison, Row
from router.predictor.file import Card
from router.predictor.folds import FOLDS
from router.predictor.scores import Estimate
from router.predictor.training import ALONE, LINE_TO_BEAT

Line = Sequence[Span]

HEADER = ("model", ">AUC", ">over imbalance", ">log-loss", ">below logistic", ">calibration error")


def pages(comparison: Comparison, card: Card) -> Iterator[Line]:
    """The table by model, and what was kept."""
    what = "the mid's next move" if card.horizon == "next" else f"the mid over {card.horizon}"
    yield [(f"{what}: {', '.join(CLASSES[card.horizon])}", "heading")]
    yield [(f"{', '.join(card.days)}: {card.rows:,} decisions", "quiet")]
    yield [(f"{comparison.tested:,} tested in {FOLDS} steps forward; intervals of 95 %", "quiet")]
    yield [("", "")]
    table = columns(HEADER, [_cells(row) for row in comparison.rows])
    yield [(table[0], "quiet")]
    for line, row in zip(table[1:], comparison.rows, strict=True):
        yield [(line, "heading" if row.kind == card.kind else "")]
    yield [("", "")]
    if comparison.best != LINE_TO_BEAT:
        yield [(f"{comparison.best} beats {LINE_TO_BEAT} in log-loss, with its whole interval", "")]
    else:
        yield [(f"no model tried beats {LINE_TO_BEAT} with its whole interval", "")]
    yield [(f"kept: {card.kind}, trained on all days", "heading")]


def _cells(row: Row) -> list[str]:
    return [
        row.kind,
        _with_interval(row.auc, "{:.3f}"),
        "-" if row.kind == ALONE else _with_interval(row.auc_gain, "{:+.3f}"),
        f"{row.log_loss.value:.4f}",
        "-" if row.kind == LINE_TO_BEAT else _with_interval(row.log_loss_gain, "{:+.4f}"),
        _with_interval(row.calibration, "{:.3f}"),
    ]


def _with_interval(each: Estimate, form: str) -> str:
    return f"{form.format(each.value)} [{form.format(each.low)}, {form.format(each.high)}]"
