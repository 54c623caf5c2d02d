"""A restart with another configuration: what a person must take upon them first (F-33)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from router import build, build_facts, build_sessions
from router.cli.errors import CommandError, ExitCode, expected
from router.cli.starting import start
from router.core.orders import ChildStatus
from router.core.shelf import LearnerGone
from router.journal.market import MarketFile
from router.journal.recovery import steps
from router.journal.segments import Journal
from router.messages import ChangesAccepted
from router.runtime.node import Built, Node
from tests.oms.desk import CONFIG, T0, Desk


class FactDesk(Desk):
    """A desk whose starts know what must not change unnoticed."""

    def boot(self) -> None:
        super().boot()
        settings = load_settings(CONFIG, self.overrides)
        facts = build_facts.facts(settings, self.node.engine.env.limits)
        self.node.start("scenarios", self.now, facts)
        self.run()


@pytest.fixture
def desk() -> FactDesk:
    made = FactDesk()
    made.open()
    made.data_b.book()
    return made


def reopened(
    desk: Desk, overrides: Sequence[str] = (), config: Path = CONFIG
) -> tuple[Settings, Built]:
    """What another configuration makes of the desk's journal."""
    made_of = build.parts(load_settings(config, overrides))
    desk.kill()
    journal = Journal(desk.storage, segment_bytes=128 * 1024, headroom_bytes=0)
    records = journal.open()
    market_file = MarketFile(desk.storage)
    market_file.open()
    node = Node(
        build.engine(made_of.env, made_of.family),
        build_sessions.links(made_of.settings, made_of.env.venues),
        journal,
        market_file,
        monotonic=lambda: 0,
        on_step=lambda step: desk.history.append((step.event, step.commands)),
    )
    recovered = node.recover(steps(records), market_file.last_seq)
    return made_of.settings, Built(node, journal, market_file, recovered)


def refusal(settings: Settings, built: Built, accepted: str = "") -> CommandError:
    with pytest.raises(CommandError) as caught:
        begin(settings, built, accepted)
    return caught.value


def begin(settings: Settings, built: Built, accepted: str = "") -> None:
    start(settings, built, T0, accepted=accepted, remembered=lambda: None)
    built.journal.write()
    built.journal.sync()


def hash_of(error: CommandError) -> str:
    return error.lines[-1].rpartition(" ")[2]


def without(tmp_path: Path, name: str) -> Path:
    """The desk's configuration without a venue or an OMS, in a folder of its own."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG.parent, folder)
    text = (folder / "sluice.yaml").read_text()
    if name == "LIT_B":
        begins = text.index("  - mic: LIT_B")
        text = text[:begins] + text[text.index("\ninstruments:") :]
    elif name:
        line = next(each for each in text.splitlines() if f"target_comp_id: {name}," in each)
        text = text.replace(line + "\n", "")
    (folder / "sluice.yaml").write_text(text)
    return folder / "sluice.yaml"


def test_the_same_again_is_started(desk: FactDesk) -> None:
    settings, built = reopened(desk)
    begin(settings, built)
    assert built.node.engine.state.epoch == 3


def test_a_limit_that_is_lowered_is_started_and_one_that_is_raised_is_not(desk: FactDesk) -> None:
    begin(*reopened(desk, ["limits.order_quantity={child_max: 249999}"]))
    error = refusal(*reopened(desk, ["limits.order_quantity={child_max: 250001}"]))
    assert error.code is ExitCode.NEEDS_APPROVAL
    assert error.lines[0] == "limit order_quantity.child_max is 250001 and was 249999"
    assert len(error.lines) == 2


def test_it_is_accepted_by_its_hash_alone(desk: FactDesk) -> None:
    raised = ["limits.order_quantity={child_max: 250001}"]
    told = hash_of(refusal(*reopened(desk, raised)))
    refusal(*reopened(desk, raised), "000000000000")
    refusal(*reopened(desk, ["limits.order_quantity={child_max: 250002}"]), told)
    settings, built = reopened(desk, raised)
    begin(settings, built, told)
    (accepted,) = [each for each, _ in desk.history if isinstance(each, ChangesAccepted)]
    assert accepted.hash == told
    assert accepted.who


def test_another_comp_id_is_another_session(desk: FactDesk) -> None:
    error = refusal(*reopened(desk, ["venues.LIT_A.sender_comp_id=OTHERS"]))
    assert error.lines[0] == (
        "venue LIT_A is FIX.4.4 OTHERS LIT_A and was FIX.4.4 SLUICE LIT_A: "
        "its numbers are another session's"
    )


def test_a_venue_without_open_orders_may_go(desk: FactDesk, tmp_path: Path) -> None:
    desk.oms.order("X", 2000)
    for venue in (desk.a, desk.b):
        venue.child().fill(1000, "11", f"{venue.name}1")
    settings, built = reopened(desk, config=without(tmp_path, "LIT_B"))
    begin(settings, built)
    assert built.node.engine.state.open_mics() == []
    built.node.tick(desk.now + 60_000_000_000)
    assert built.node.engine.state.shut_mics() == ["LIT_A"], "nobody waits for what is gone"


def test_a_venue_with_open_orders_goes_only_upon_a_person(desk: FactDesk, tmp_path: Path) -> None:
    desk.oms.order("X", 2000)
    desk.a.child().fill(1000, "11", "A1")
    desk.b.child().fill(300, "11", "B1")
    config = without(tmp_path, "LIT_B")
    error = refusal(*reopened(desk, config=config))
    assert error.lines[0].startswith("venue LIT_B is gone and has 1 open orders of 700 shares")
    settings, built = reopened(desk, config=config)
    begin(settings, built, hash_of(error))
    state = built.node.engine.state
    (parent,) = state.parents.values()
    assert (parent.cum_qty, parent.working_qty) == (1300, 0), "its shares are free again"
    assert {child.status for child in state.children.values()} == {
        ChildStatus.FILLED,
        ChildStatus.CANCELED,
    }


def test_an_oms_with_open_orders_does_not_go_at_all(desk: FactDesk, tmp_path: Path) -> None:
    desk.other.order("X", extra="1=A|")
    config = without(tmp_path, "OTHER")
    error = refusal(*reopened(desk, config=config))
    assert error.code is ExitCode.REFUSED
    assert error.lines[0].startswith("OMS session OTHER is gone and has 1 open orders")


def test_under_another_policy_open_orders_go_on_under_their_own(
    desk: FactDesk, tmp_path: Path
) -> None:
    """F-28: an order is pinned to the policy that took it, and the journal has its texts."""
    desk.oms.order("X", 2000)
    config = without(tmp_path, "")
    policy = config.with_name("policy.yaml")
    policy.write_text(policy.read_text().replace("pause_s: 5", "pause_s: 6"))
    before = desk.node.engine.state.policy_hash
    settings, built = reopened(desk, config=config)
    begin(settings, built)
    built.node.tick(T0 + 10_000_000_000)
    state = built.node.engine.state
    (parent,) = state.parents.values()
    assert state.policy_hash != before == parent.policy_hash
    assert parent.frozen == ""
    assert list(state.policies) == [before, state.policy_hash]


def test_orders_whose_policy_cannot_be_read_any_more_only_drain(tmp_path: Path) -> None:
    """F-28: the one that took them names a venue that there is no more; an operator is told."""
    own = tmp_path / "own.yaml"
    rule = '{id: not-b, why: "Z asks", match: {account: Z}, venues: {deny: {mic: LIT_B}}}'
    own.write_text(CONFIG.with_name("policy.yaml").read_text() + f"rules: [{rule}]\n")
    desk = FactDesk(f"policies=[{own}]")
    desk.open()
    desk.data_b.book()
    desk.oms.order("X", 2000)
    desk.a.child().ack()
    desk.b.child().fill(1000, "11", "B1")
    settings, built = reopened(desk, config=without(tmp_path, "LIT_B"))
    begin(settings, built)
    built.node.tick(T0 + 10_000_000_000)
    state = built.node.engine.state
    (parent,) = state.parents.values()
    why = f"{own}:8: rules[0].venues: unknown MIC 'LIT_B', did you mean 'LIT_A'?; allowed: LIT_A"
    assert parent.frozen == f"POLICY_CHANGED since it was accepted: {why}"
    assert len(state.live_children()) == 1, "what is at work counts until its venue has answered"
    assert list(state.frozen_parents) == [parent.parent_id]


def without_acme(tmp_path: Path) -> str:
    """The instruments of a start that knows BRAVO alone."""
    file = tmp_path / "instruments.yaml"
    bravo = "{symbol: BRAVO, tick: 0.05, lot: 100, adv: 2000000, currency: USD}"
    file.write_text(f"instruments:\n  - {bravo}\n")
    return f"instruments={file}"


def test_an_instrument_with_open_orders_may_not_go(desk: FactDesk, tmp_path: Path) -> None:
    desk.oms.order("X", 1000, tif="1")
    desk.a.child().ack()
    error = refusal(*reopened(desk, [without_acme(tmp_path)]))
    assert error.lines[0] == (
        "instrument ACME is gone and has 1 open orders: start with it, and end them first"
    )


def test_one_without_may_go_though_its_last_fill_still_teaches(
    desk: FactDesk, tmp_path: Path
) -> None:
    desk.oms.order("X", 100)
    desk.a.child().fill(100, "11", "B")
    settings, built = reopened(desk, [without_acme(tmp_path)])
    begin(settings, built)
    built.node.tick(desk.now + 60_000_000_000)
    (child,) = built.node.engine.state.children.values()
    assert not child.lesson_due, "nobody can say what its price has done"


def test_an_order_that_a_bust_opens_again_is_frozen_without_its_instrument(
    desk: FactDesk, tmp_path: Path
) -> None:
    desk.oms.order("X", 100, tif="1")
    child = desk.a.child()
    child.fill(100, "11", "B")
    desk.kill()
    desk.overrides = (without_acme(tmp_path),)
    desk.boot()
    desk.a.connect()
    child.bust("B", 100, "C")
    desk.wait(1)
    (parent,) = desk.node.engine.state.parents.values()
    assert parent.frozen == "INSTRUMENT_UNKNOWN: ACME was taken out of the instruments"


GONE = [
    ("uniform", (), None, "no learner has this name"),
    ("hazard", ("learner.kappa=0.1",), "uniform", "not its parameters: kappa: Extra inputs"),
]


@pytest.mark.parametrize(("name", "more", "instead", "why"), GONE)
def test_a_learner_that_is_gone_and_was_taught_stops_the_start(
    name: str, more: tuple[str, ...], instead: str | None, why: str
) -> None:
    desk = Desk(f"learner.name={name}", *more)
    desk.open()
    desk.data_b.book()
    desk.oms.order("X", 1_000)
    child = desk.a.child()
    child.fill(child.leaves_qty, "11", "E")
    [key] = desk.node.engine.state.shelf.versions
    desk.kill()
    made_of = build.parts(load_settings(CONFIG, desk.overrides))
    learners = dict(made_of.family.learners)
    gone = learners.pop(name)
    assert gone is not None
    if instead is not None:
        learners[name] = learners[instead]
    less = replace(made_of, family=replace(made_of.family, learners=learners))
    with pytest.raises(LearnerGone, match=why) as caught:
        build.node(less, desk.storage, monotonic=lambda: 0)
    told = expected(caught.value)
    assert told is not None
    assert told.code == ExitCode.REFUSED
    [line] = told.lines
    assert line.startswith(f"learner {key} is gone and the journal has taught it: {why}")
    assert "start the version that has it" in line
    assert "\n" not in line
