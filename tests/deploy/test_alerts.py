"""Alerts and the dashboard: every metric exists, every alert has its runbook and its test."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import config
from router.api.dashboard import expressions
from router.cli import run
from router.runtime.links import CLIENTS, LinkKind
from tests.api.conftest import recorded as recorded
from tests.api.conftest import recorded_scrape as recorded_scrape
from tests.deploy.metric_names import told, used

ROOT = Path(config.__file__).parent.parent
PROMETHEUS = ROOT / "deploy" / "prometheus"
PROMTOOL = shutil.which("promtool")


def read(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((PROMETHEUS / name).read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    (group,) = read("alerts.yml")["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def headings(name: str) -> set[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {
        re.sub(r"[^a-z0-9 -]", "", found.lower()).replace(" ", "-")
        for found in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


def test_every_metric_of_an_alert_is_in_a_scrape(recorded_scrape: str) -> None:
    wanted = used(each["expr"] for each in rules())
    assert len(wanted) > 20
    assert wanted - told(recorded_scrape) == set()


def test_every_metric_of_the_dashboard_is_in_a_scrape(recorded_scrape: str) -> None:
    wanted = used(expressions())
    assert len(wanted) > 25
    assert wanted - told(recorded_scrape) == set()


def test_a_name_that_is_misspelt_would_be_seen(recorded_scrape: str) -> None:
    assert used(["rate(sluice_fils_total[5m])"]) - told(recorded_scrape) == {"sluice_fils_total"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_has_a_severity_a_summary_and_a_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "warn")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == rule["alert"].lower()
    assert anchor in headings(page)


def rule(name: str) -> str:
    """The expression of an alert."""
    return str(next(each["expr"] for each in rules() if each["alert"] == name))


def test_every_session_that_we_open_is_missed_when_it_is_down() -> None:
    (roles,) = re.findall(r'role=~"([a-z|]+)"', rule("SessionDown"))
    ours = {each.value for each in LinkKind if each not in CLIENTS}
    assert set(roles.split("|")) == ours


def test_a_failed_disk_is_told_when_its_daemon_is_gone() -> None:
    assert "increase(sluice_journal_failures_total[" in rule("JournalFailed")


def test_every_alert_is_tested_to_fire_and_to_be_quiet() -> None:
    tested = [
        (case["alertname"], bool(case["exp_alerts"]))
        for each in read("alerts_test.yml")["tests"]
        for case in each["alert_rule_test"]
    ]
    names = [each["alert"] for each in rules()]
    assert sorted(tested) == sorted((name, fires) for name in names for fires in (True, False))


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here: `make alerts` says more")
@pytest.mark.parametrize(
    "argv", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")]
)
def test_promtool_agrees(argv: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *argv], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here: `make alerts` says more")
def test_promtool_takes_a_scrape(recorded_scrape: str) -> None:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"],
        input=recorded_scrape,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_dashboard_is_what_the_code_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dashboard"]) == 0
    made = capsys.readouterr().out
    kept = (ROOT / "deploy" / "grafana" / "sluice.json").read_text(encoding="utf-8")
    assert made == kept, "sluice dashboard > deploy/grafana/sluice.json"


def test_panels_do_not_overlap() -> None:
    panels = json.loads((ROOT / "deploy" / "grafana" / "sluice.json").read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)
