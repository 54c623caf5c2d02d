"""Budget, opt-out, freeze and fallback through the whole node, and what a restart makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from router.core.ledger import Ledger
from router.messages import (
    Decide,
    FreezeLearner,
    FreezeRequested,
    Learn,
    Safety,
    ThawLearner,
    ThawRequested,
)
from router.runtime import control
from tests.oms.desk import Desk

# At a midpoint of 10 between 9 and 11 a fill is worth hundreds of bp, and so is a draw's error.
FREELY = "{budget_bp: 100}"
BOLD = ("learner.name=hazard", "learner.kappa=2.0")


@contextmanager
def at_desk(tmp_path: Path, exploration: str, *overrides: str, rules: str = "") -> Iterator[Desk]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        f"policy: p\nversion: 1\n{rules}"
        f"settings: {{algo: {{name: sweep, pause_s: 5}}, exploration: {exploration}}}\n"
    )
    desk = Desk(f"policies=[{policy}]", *BOLD, *overrides)
    desk.open()
    desk.data_b.book()
    yield desk
    desk.close()


def buy(desk: Desk, name: str, *, fill: bool = True, account: str = "") -> Decide:
    """An order of ten lots or more at two venues that are alike, filled; its first decision."""
    before = len(decisions(desk))
    qty = 1_000 + 100 * before  # no two are alike: one sent twice would be refused
    desk.oms.order(name, qty, extra=f"1={account}" if account else "")
    for venue in (desk.a, desk.b) if fill else ():
        if any(each.startswith("D") for each in venue.heard()):
            child = venue.child()
            child.fill(child.leaves_qty, "11", f"{name}{venue.name}")
    return decisions(desk)[before]


def decisions(desk: Desk) -> list[Decide]:
    return [each for _, commands in desk.history for each in commands if isinstance(each, Decide)]


def told(decide: Decide) -> Safety:
    assert decide.safety is not None
    return decide.safety


def ledger(desk: Desk, account: str = "") -> Ledger:
    [found] = [
        each for (name, _), each in desk.node.engine.state.ledgers.items() if name == account
    ]
    return found


def arrays(desk: Desk, key: str) -> dict[str, bytes]:
    return {name: a.tobytes() for name, a in desk.node.engine.state.shelf.states[key].items()}


def test_a_ledger_adds_up_what_the_record_says_and_a_restart_makes_the_same_of_it(
    tmp_path: Path,
) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        for i in range(4):
            buy(desk, f"X{i}")
        made = [told(each) for each in decisions(desk)]
        found = ledger(desk)
        assert found.explored == sum(each.explored for each in made) > 0
        assert found.decisions == len(made)
        # at 10 each time
        due = sum(each.due_qty for each in decisions(desk))
        assert found.notional == sum(each.notional for each in made) == 10.0 * due
        spent = sum(each.cost_bp * each.notional for each in made if each.explored)
        assert 0.0 < found.spent == pytest.approx(spent)
        before = dict(desk.node.engine.state.ledgers)
        desk.kill()
        desk.boot()
        assert desk.node.engine.state.ledgers == before
        assert desk.node.engine.state.ledgers is not before


def test_another_day_has_another_ledger(tmp_path: Path) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        buy(desk, "X")
        desk.now += 86_400 * 10**9
        desk.data_a.book()
        buy(desk, "Y")
        days = [day for _, day in desk.node.engine.state.ledgers]
        assert days == [20_458, 20_459]


def test_a_budget_of_nothing_leaves_only_what_costs_nothing(tmp_path: Path) -> None:
    with at_desk(tmp_path, "{budget_bp: 0}") as desk:
        made = [told(buy(desk, f"X{i}")) for i in range(6)]
        assert ledger(desk).spent == 0.0
        assert "BUDGET_SPENT" in {each.held_back for each in made}
        assert all(each.cost_bp > 0.0 for each in made if each.held_back)


OPT_OUT = "rules:\n  - {id: no, why: w, match: {account: NO}, settings: {exploration: none}}\n"


def test_who_has_opted_out_never_explores_and_others_do(tmp_path: Path) -> None:
    with at_desk(tmp_path, FREELY, rules=OPT_OUT) as desk:
        mine = [told(buy(desk, f"X{i}", account="NO")) for i in range(4)]
        theirs = [told(buy(desk, f"Y{i}", account="YES")) for i in range(4)]
        assert {(each.explored, each.held_back, each.budget_bp) for each in mine} == {
            (False, "OPTED_OUT", None)
        }
        assert any(each.explored for each in theirs)
        assert ledger(desk, "NO").spent == 0.0 < ledger(desk, "YES").spent
        assert ledger(desk, "NO").held_back == {"OPTED_OUT": 4}


# --- the freeze ----------------------------------------------------------------------------------


def test_frozen_it_learns_nothing_and_explores_nothing_and_lessons_are_journaled(
    tmp_path: Path,
) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        key = buy(desk, "X").learner
        assert key == 'hazard{"kappa":2.0}'
        before = arrays(desk, key)
        desk.control(FreezeRequested("hazard", "ann", "it is odd"))
        desk.kill()
        desk.boot()  # a restart lifts nothing
        desk.open()
        desk.data_b.book()
        lessons = sum(isinstance(c, Learn) for _, commands in desk.history for c in commands)
        made = [told(buy(desk, f"Y{i}")) for i in range(3)]
        desk.wait(6)
        assert arrays(desk, key) == before
        after = sum(isinstance(c, Learn) for _, commands in desk.history for c in commands)
        assert after >= lessons + 3
        assert {(each.explored, each.held_back) for each in made} == {(False, "FROZEN")}
        desk.control(ThawRequested("hazard", "bob", "it was not"))
        made = [told(buy(desk, f"Z{i}")) for i in range(3)]
        assert arrays(desk, key) != before
        assert "FROZEN" not in {each.held_back for each in made}


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("", True),
        ("hazard", True),
        ('hazard{"kappa":2.0}', True),
        ('hazard{"kappa":0.3}', False),
        ("haz", False),
        ("linucb", False),
    ],
)
def test_a_freeze_is_of_all_of_a_name_or_of_a_key(tmp_path: Path, name: str, holds: bool) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        desk.control(FreezeRequested(name, "ann", "test"))
        assert (told(buy(desk, "X")).held_back == "FROZEN") is holds


def asked(desk: Desk, **request: str) -> dict[str, Any]:
    handler = control.parse(json.dumps(request).encode())
    assert callable(handler), handler
    answer = handler(desk.node, desk.now)
    desk.run()
    return answer


def test_an_operator_freezes_and_thaws_by_name_and_reason(tmp_path: Path) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        who = {"who": "ann", "reason": "drill"}
        held = [{"learner": "hazard", **who}]
        freeze = {"command": "freeze", "learner": "hazard"}
        assert asked(desk, **freeze, **who) == {
            "learner": "hazard",
            "changed": True,
            "frozen": held,
        }
        later = {"who": "eve", "reason": "again"}
        assert asked(desk, **freeze, **later)["changed"] is False
        assert asked(desk, command="status")["frozen"] == held
        assert asked(desk, command="freeze", learner="hazrd", **who)["error"].startswith(
            "no learner 'hazrd'; in use: "
        )
        assert "who and a reason" in asked(desk, **freeze, who="ann", reason="")["error"]
        thaw = asked(desk, command="thaw", learner="", **who)
        assert thaw == {"error": "no freeze of all holds; held: hazard"}
        assert asked(desk, command="thaw", learner="hazard", **who)["frozen"] == []
        kinds = [
            each
            for _, commands in desk.history
            for each in commands
            if isinstance(each, FreezeLearner | ThawLearner)
        ]
        assert kinds == [
            FreezeLearner("hazard", "ann", "drill"),
            ThawLearner("hazard", "ann", "drill"),
        ]


# --- the fallback --------------------------------------------------------------------------------


def test_on_an_old_market_the_fallback_decides_and_orders_leave(tmp_path: Path) -> None:
    limits = ("limits.stale_market.book_ms_max=60000", "routing.features_stale_ms=2000")
    with at_desk(tmp_path, FREELY, *limits) as desk:
        desk.wait(1.9)
        assert told(buy(desk, "X")).held_back == ""
        desk.wait(0.2)
        decide = buy(desk, "Y", fill=False)
        assert (decide.learner, told(decide).held_back) == ("pro_rata", "STALE_FEATURES")
        assert told(decide).proposer == 'hazard{"kappa":2.0}'
        assert any(each.startswith("D") for each in desk.a.heard() + desk.b.heard())
        assert ledger(desk).held_back == {"STALE_FEATURES": 1}


def test_without_a_midpoint_the_fallback_decides(tmp_path: Path) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        buy(desk, "X", fill=False)
        for data in (desk.data_a, desk.data_b):
            data.say("W", "55=ACME|268=1|269=1|270=11|271=10000")
        for venue in (desk.a, desk.b):
            if venue.heard():
                venue.child().expire()
        desk.wait(1)
        decide = decisions(desk)[1]
        assert (decide.mid, decide.learner) == (0, "pro_rata")
        assert told(decide).held_back == "NO_MARKET"
        assert told(decide).notional == 0.0


@pytest.mark.filterwarnings("ignore:invalid value")
def test_on_scores_that_are_no_numbers_the_fallback_decides_and_orders_leave(
    tmp_path: Path,
) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        key = buy(desk, "X").learner
        desk._refold = False  # what follows is in no journal
        state = desk.node.engine.state.shelf.states[key]
        for name in [each for each in state if each.startswith("alpha/")]:
            state[name] = np.full_like(state[name], np.nan)
        decide = buy(desk, "Y", fill=False)
        assert (decide.learner, told(decide).held_back) == ("pro_rata", "NOT_FINITE")
        assert any(each.startswith("D") for each in desk.a.heard() + desk.b.heard())


def beyond_scoring(desk: Desk, key: str) -> None:
    """No matrix of what it knows can be factored any more."""
    desk._refold = False  # what follows is in no journal
    state = desk.node.engine.state.shelf.states[key]
    for name in [each for each in state if each.startswith("precision/")]:
        state[name] = -state[name]


def test_where_a_learner_can_make_no_scores_the_fallback_decides_and_orders_leave(
    tmp_path: Path,
) -> None:
    with at_desk(tmp_path, FREELY) as desk:
        key = buy(desk, "X").learner
        beyond_scoring(desk, key)
        for each in ("Y", "Z"):  # nor does it remember half of what it could not read
            decide = buy(desk, each, fill=False)
            assert (decide.learner, told(decide).held_back) == ("pro_rata", "NOT_FINITE")
            sent = desk.a.heard() + desk.b.heard()
            assert any(line.startswith("D") for line in sent)


# --- a champion ----------------------------------------------------------------------------------


def test_a_named_champion_is_played_and_both_are_taught(tmp_path: Path) -> None:
    bounds = "{budget_bp: 100, give_up: 0, champion: {name: reinforcement, prior_lots: 5}}"
    with at_desk(tmp_path, bounds) as desk:
        made = [buy(desk, f"X{i}") for i in range(5)]
        key = 'reinforcement{"prior_lots":5}'
        assert {told(each).champion for each in made} == {key}
        assert "GATE" in {told(each).held_back for each in made}
        for each in made:
            played = told(each).held_back == "GATE"
            assert each.learner == (key if played else 'hazard{"kappa":2.0}')
        versions = desk.node.engine.state.shelf.versions
        assert versions[key] == versions['hazard{"kappa":2.0}'] > 5
        credited = sum(told(each).credited_bp * told(each).notional for each in made)
        champion = sum(told(each).champion_bp * told(each).notional for each in made)
        assert credited >= champion * (1.0 - 1e-12)
