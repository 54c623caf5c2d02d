"""The text format, and that every metric is told as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from router.api.answers import answer
from router.api.exposition import Family, render
from router.api.metrics import collect
from router.model import NS
from router.signs import Histogram
from tests.api.scenes import BEGAN, SECOND, WELL, scene, signs, venue


def test_a_family_is_a_help_a_type_and_its_samples() -> None:
    family = Family("x_total", "counter", "What it\nis.", [({"a": 'q"\\\n'}, 2), ({}, 0.5)])
    assert render([family]) == (
        "# HELP sluice_x_total What it\\nis.\n"
        "# TYPE sluice_x_total counter\n"
        'sluice_x_total{a="q\\"\\\\\\n"} 2\n'
        "sluice_x_total 0.5\n"
    )


def test_a_label_has_a_bound() -> None:
    text = render([Family("x", "gauge", "", [({"a": "b" * 1000}, 1)])])
    assert f'{{a="{"b" * 128}"}}' in text


@pytest.mark.parametrize(("name", "kind"), [("x", "counter"), ("x_total", "gauge"), ("X", "gauge")])
def test_a_name_says_what_kind_it_is(name: str, kind: str) -> None:
    with pytest.raises(AssertionError):
        render([Family(name, kind, "", [])])  # type: ignore[arg-type]


def test_a_histogram_is_cumulative() -> None:
    histogram = Histogram()
    for seconds in (0.00001, 0.02, 0.03, 7.0):
        histogram.add(seconds)
    lines = render([Family("x_seconds", "histogram", "", [], [({}, histogram)])]).splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    wanted = {"1e-05": 1, "0.01": 1, "0.02": 2, "0.05": 3, "5.0": 3, "+Inf": 4}
    assert {end: int(found[f'sluice_x_seconds_bucket{{le="{end}"}}']) for end in wanted} == wanted
    assert float(found["sluice_x_seconds_sum"]) == pytest.approx(7.05001)
    assert found["sluice_x_seconds_count"] == "4"


def values(text: str) -> dict[str, float]:
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if not line.startswith("#")
    }


def test_gauges_are_those_of_the_last_signs(tmp_path: Path) -> None:
    given = signs(
        venues=venue(reconciled=False, unknown=2, suspense=1),
        kills=("KA1", "KA2"),
        clock_ahead_s=-0.25,
        timers_late_s=0.125,
    )
    found = values(render(collect(scene(given, tmp_path))))
    wanted = {
        "sluice_up": 1,
        "sluice_ready": 0,
        'sluice_child_unknown{venue="LIT_A"}': 2,
        'sluice_fills_suspense{venue="LIT_A"}': 1,
        'sluice_venue_open{venue="LIT_A"}': 0,
        'sluice_fix_session_up{session="LIT_A",role="orders"}': 1,
        'sluice_fix_out_buffer_bytes{session="LIT_A"}': 7,
        "sluice_kill_switch": 2,
        "sluice_clock_ahead_seconds": -0.25,
        "sluice_timers_late_seconds": 0.125,
        'sluice_state{phase="running"}': 1,
        'sluice_state{phase="stopping"}': 0,
        "sluice_journal_offset": 9,
        "sluice_reader_lag_events": 9,
        "sluice_journal_free_bytes": 50,
        "sluice_process_resident_bytes": 7,
        "sluice_process_open_files": 3,
        "sluice_process_open_files_max": 8,
        "sluice_restarts_total": 0,
        "sluice_journal_failures_total": 0,
        'sluice_chore_failures_total{chore="snapshot"}': 0,
        'sluice_invariant_violations_total{id="I1"}': 0,
    }
    assert {name: found.get(name) for name in wanted} == wanted


def test_a_daemon_that_is_silent_has_no_gauges_but_its_counters_stay(tmp_path: Path) -> None:
    found = values(render(collect(scene(WELL, tmp_path, now=BEGAN + 6 * SECOND))))
    assert found["sluice_up"] == 0
    assert "sluice_kill_switch" not in found
    assert found["sluice_restarts_total"] == 0
    assert found["sluice_signs_age_seconds"] == 6


def test_no_metric_carries_an_order(recorded_scrape: str) -> None:
    """Bounded labels: sessions, venues, kinds; never an id."""
    labels = set(re.findall(r'[{,]([a-z_]+)="', recorded_scrape))
    assert labels <= {
        *("session", "direction", "msg_type", "reason", "role", "venue", "outcome", "limit"),
        *("id", "le", "phase", "version", "shard", "config", "learner", "symbol", "source"),
        *("durability", "scope", "chore"),
    }
    assert len(recorded_scrape.splitlines()) < 1_000


def test_each_path_has_its_answer(tmp_path: Path) -> None:
    well = scene(WELL, tmp_path)
    for path in ("/livez", "/readyz", "/startupz"):
        told = answer(path, well, version="1")
        assert (told.status, json.loads(told.body)["ok"]) == (200, True)
    assert json.loads(answer("/readyz", well, version="1").body)["durability"] == "sync"
    assert answer("/metrics", well, version="1").body.startswith("# HELP sluice_up ")
    assert answer("/metricz", well, version="1").status == 404
    versions = json.loads(answer("/version", well, version="1").body)
    assert versions["version"] == "1"
    assert versions["daemon"]["epoch"] == 2
    gone = scene(WELL, tmp_path, now=BEGAN + 5 * NS)
    for path in ("/livez", "/readyz", "/startupz"):
        assert answer(path, gone, version="1").status == 503
    assert json.loads(answer("/version", scene(None, tmp_path), version="1").body) == {
        "version": "1",
        "daemon": None,
    }
