"""The Grafana dashboard, made from a list of panels, so that a test can read what is drawn.

Owns which panels there are and their queries. `sluice dashboard` prints it; the file in deploy/ is
its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Json = dict[str, object]

WIDTH = 24
"""Of Grafana's grid."""
SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """One line, or several by label."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture."""

    title: str
    unit: str
    """Grafana's name of it."""
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    width: int = 8
    height: int = 7


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below a heading."""

    title: str
    panels: tuple[Panel, ...]


def stat(title: str, expr: str, unit: str = "none") -> Panel:
    """One number."""
    return Panel(title, unit, (Query(expr, ""),), "stat", 3, 4)


def lines(title: str, unit: str, *queries: tuple[str, str], width: int = 8) -> Panel:
    """Lines over time, each an expression and its legend."""
    return Panel(title, unit, tuple(Query(*each) for each in queries), width=width)


def percentiles(title: str, metric: str, by: str = "") -> Panel:
    """Median and 99th percentile of a histogram in seconds."""
    group = f"le, {by}" if by else "le"
    label = f"{{{{{by}}}}} " if by else ""
    rate = f"sum by ({group}) (rate({metric}_bucket[$__rate_interval]))"
    return lines(
        title,
        "s",
        *((f"histogram_quantile({q}, {rate})", f"{label}p{100 * q:g}") for q in (0.5, 0.99)),
    )


def rate(metric: str) -> str:
    """A counter's rate a second."""
    return f"rate({metric}[$__rate_interval])"


ROWS = (
    Row(
        "Is it well?",
        (
            stat("alive", "sluice_up", "bool_yes_no"),
            stat("ready", "sluice_ready", "bool_yes_no"),
            stat("kills", "sluice_kill_switch"),
            stat("UNKNOWN children", "sum(sluice_child_unknown)"),
            stat("in suspense", "sum(sluice_fills_suspense)"),
            stat("broken promises", "sum(sluice_invariant_violations_total)"),
            stat("open parents", "sluice_parents_open"),
            stat("starts", "sluice_restarts_total"),
        ),
    ),
    Row(
        "Orders",
        (
            lines(
                "parents by outcome, a second",
                "ops",
                (f"sum by (outcome) ({rate('sluice_parent_orders_total')})", "{{outcome}}"),
            ),
            lines(
                "children by outcome, a second",
                "ops",
                (f"sum by (outcome) ({rate('sluice_child_orders_total')})", "{{outcome}}"),
            ),
            lines(
                "fills by venue, a second",
                "ops",
                (f"sum by (venue) ({rate('sluice_fills_total')})", "{{venue}}"),
            ),
            lines(
                "refused by limit, a second",
                "ops",
                (f"sum by (limit) ({rate('sluice_risk_rejects_total')})", "{{limit}}"),
            ),
            lines(
                "used of what limits allow",
                "percentunit",
                ("max by (limit) (sluice_risk_utilisation_ratio)", "{{limit}}"),
            ),
            lines(
                "duplicates, overfills, outlived sessions, an hour",
                "none",
                ("sum by (venue) (increase(sluice_fills_duplicate_total[1h]))", "again {{venue}}"),
                ("sum by (venue) (increase(sluice_overfill_total[1h]))", "over {{venue}}"),
                ("sum by (venue) (increase(sluice_cod_not_kept_total[1h]))", "outlived {{venue}}"),
            ),
            percentiles("from child to its venue's word", "sluice_venue_ack_seconds", "venue"),
        ),
    ),
    Row(
        "FIX",
        (
            lines(
                "sessions that are wanted and up",
                "none",
                ("sum(sluice_fix_session_wanted)", "wanted"),
                ("sum(sluice_fix_session_up)", "up"),
            ),
            lines(
                "messages, a second",
                "ops",
                (
                    f"sum by (session, direction) ({rate('sluice_fix_messages_total')})",
                    "{{session}} {{direction}}",
                ),
            ),
            lines(
                "refusals and gaps, an hour",
                "none",
                (
                    "sum by (session, reason) (increase(sluice_fix_rejects_total[1h]))",
                    "{{session}} {{reason}}",
                ),
                ("sum by (session) (increase(sluice_fix_resend_requests_total[1h]))", "gaps"),
            ),
            lines("bytes that wait", "bytes", ("sluice_fix_out_buffer_bytes", "{{session}}")),
            lines("peers' clocks", "s", ("sluice_fix_sending_time_skew_seconds", "{{session}}")),
            lines("venues that take new risk", "none", ("sluice_venue_open", "{{venue}}")),
        ),
    ),
    Row(
        "Machine",
        (
            percentiles("lateness of a timer", "sluice_loop_lag_seconds"),
            percentiles("a batch, first byte to last", "sluice_batch_seconds"),
            percentiles("a sync of the journal", "sluice_journal_sync_seconds"),
            lines(
                "disk of the journal",
                "bytes",
                ("sluice_journal_free_bytes", "free"),
                ("sluice_journal_disk_bytes", "all"),
            ),
            percentiles("from parent to child, at most", "sluice_parent_to_child_seconds"),
            lines("memory", "bytes", ("sluice_process_resident_bytes", "resident")),
            lines(
                "descriptors",
                "none",
                ("sluice_process_open_files", "open"),
                ("sluice_process_open_files_max", "limit"),
            ),
        ),
    ),
    Row(
        "Learning",
        (
            lines(
                "decisions, a second",
                "ops",
                (rate("sluice_decisions_total"), "all"),
                (rate("sluice_decisions_explored_total"), "explored"),
                (f"sum by (reason) ({rate('sluice_model_fallback_total')})", "{{reason}}"),
                (f"sum by (reason) ({rate('sluice_decisions_held_back_total')})", "{{reason}}"),
            ),
            lines(
                "cost of exploring, bp of the notional",
                "none",
                (
                    "1e4 * increase(sluice_exploration_cost_currency_total[1h])"
                    " / increase(sluice_decided_notional_currency_total[1h])",
                    "bp",
                ),
            ),
            lines("age of the market", "s", ("sluice_feature_age_seconds", "{{symbol}}")),
        ),
    ),
)


def dashboard() -> Json:
    """The whole of it, as Grafana imports it."""
    return {
        "uid": "sluice",
        "title": "Sluice",
        "tags": ["sluice"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]
        },
        "panels": list(_placed(ROWS)),
    }


def expressions(rows: Sequence[Row] = ROWS) -> list[str]:
    """Every query, in order."""
    return [query.expr for row in rows for panel in row.panels for query in panel.queries]


def _placed(rows: Sequence[Row]) -> Iterator[Json]:
    """Panels with ids and places, left to right and down."""
    number = y = 0
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
            "panels": [],
        }
        y, x = y + 1, 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + panel.height
            number += 1
            yield _panel(panel, number, x, y)
            x += panel.width
        y += row.panels[-1].height


def _panel(panel: Panel, number: int, x: int, y: int) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
            }
            for index, query in enumerate(panel.queries)
        ],
    }
