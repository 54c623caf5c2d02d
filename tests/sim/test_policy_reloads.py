"""Worlds in which everything goes wrong and policies are loaded meanwhile, some of them broken.

Whatever crashes, what was decided under each policy is decided again, by who knows the policy of
the start and the journal; the oracle holds all that must hold without reloads too.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import pytest

from router.model import NS, TimeInForce
from router.simulation.books import BROKEN, MORE, SHIPPED, book_of
from router.simulation.houses import parts
from router.simulation.kills import AtWork, Kills
from router.simulation.pinned import BOUNDS, Pinned
from router.simulation.reading import Broken, Read, read
from router.simulation.script import Script
from router.simulation.things import Thing
from router.simulation.world import World
from tests.sim.staging import Stage

SETS = (SHIPPED, *MORE, BROKEN)
T = 1_000
"""A millisecond."""


def play(seed: int) -> Counter[str]:
    """Run one seed with reloads besides; what came of them."""
    world = World(seed)
    script = Script(world)
    rng = np.random.Generator(np.random.Philox(key=seed, counter=77 << 32))
    for _ in range(int(rng.integers(3, 9))):
        at, name = int(rng.integers(script.faults_end - NS)), SETS[int(rng.integers(len(SETS)))]
        load = partial(world.reload, name, apply_open=bool(rng.random() < 0.5))
        script.chosen.append(Thing(at, f"reload {name}", load))
    script.chosen.sort(key=lambda thing: thing.at)
    try:
        script.run()
        world.decide_again()
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise
    pinned = world.oracle.pinned
    return world.reloaded + Counter(judged=pinned.judged, resting=pinned.judged_resting)


def played(seeds: range) -> Counter[str]:
    return sum((play(seed) for seed in seeds), Counter())


def test_what_must_hold_holds_with_reloads_too() -> None:
    seen = played(range(1, 5))
    assert all(seen[each] for each in ("taken", "refused", "judged")), seen


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_it_holds_in_many_worlds() -> None:
    seen = played(range(1_000, 1_200))
    kinds = ("taken", "refused", "not", "judged", "resting")
    assert all(seen[each] > 50 for each in kinds), seen


# -- what is loaded -------------------------------------------------------------------------------


def test_every_sound_set_of_documents_has_its_bounds() -> None:
    assert BOUNDS.keys() == {SHIPPED, *MORE}
    hashes = set()
    for name in BOUNDS:
        book = book_of(parts(), name)
        assert not isinstance(book, tuple), book
        hashes.add(book.files.hash)
    assert len(hashes) == len(BOUNDS)


def test_the_broken_one_says_what_is_wrong_with_it_wherever_it_stands() -> None:
    problems = book_of(parts(), BROKEN)
    assert isinstance(problems, tuple)
    assert any(each.startswith("more.yaml:") and "share" in each for each in problems), problems


def test_an_order_after_a_reload_is_held_to_it_and_a_broken_one_changes_nothing() -> None:
    stage = Stage()
    stage.reload("no-lit-a")
    stage.run(1)
    stage.reload(BROKEN)
    stage.run(1)
    stage.order(2_000)
    stage.run(5)
    assert stage.reloaded == {"taken": 1, "refused": 1}
    assert stage.sent("D")
    assert stage.sent("D", ["LIT_A"]) == []
    assert stage.oracle.pinned.judged == len(stage.sent("D"))
    stage.done()


def test_documents_that_are_applied_take_a_venue_from_an_open_order() -> None:
    stage = Stage()
    stage.order(3_000, TimeInForce.DAY, price=49.9)
    stage.run(5)
    before = len(stage.sent("D"))
    resting = [child for child in stage.children if child.mic == "LIT_A"]
    stage.reload("no-lit-a", apply_open=True)
    stage.run(5)
    assert resting
    assert all(child.terminal for child in resting), "they are taken back, and venues give them"
    stage.run(60)
    assert len(stage.sent("D")) > before, "it goes on elsewhere"
    assert len(stage.sent("D", ["LIT_A"])) == len(resting)
    assert stage.reloaded == {"taken": 1, "applied": 1}
    assert stage.oracle.pinned.judged
    stage.done()


# -- what the oracle says of it ------------------------------------------------------------------


def message(body: str) -> Read:
    return read(f"8=FIX.4.4|9=1|{body}|11=C|10=000|".replace("|", "\x01").encode())


def child(qty: int = 100) -> Read:
    return message(f"35=D|34=1|49=S|56=V|38={qty}")


def from_venue(body: str) -> Read:
    return message(f"35=8|34=1|49=V|56=S|{body}")


def pinned_to(name: str) -> Pinned:
    """An order for account A was taken under these documents."""
    pinned = Pinned()
    pinned.came_into_force(name)
    pinned.sent("A")
    pinned.answered("A")
    return pinned


@pytest.mark.parametrize(
    ("name", "mic", "qty"),
    [("no-lit-a", "LIT_A", 100), ("no-pair", "DARK_A", 100), ("small", "LIT_B", 301)],
)
def test_a_child_that_its_policy_forbids_is_found_out(name: str, mic: str, qty: int) -> None:
    pinned = pinned_to(name)
    pinned.child("LIT_C", "A", child(300), T)
    with pytest.raises(Broken, match="pinned"):
        pinned.child(mic, "A", child(qty), T)


def test_a_reload_is_nothing_to_an_order_that_was_taken_before() -> None:
    free = pinned_to("shipped")
    free.came_into_force("no-lit-a")
    free.child("LIT_A", "A", child(), T)
    bound = pinned_to("no-lit-a")
    bound.came_into_force("shipped")
    with pytest.raises(Broken, match="pinned"):
        bound.child("LIT_A", "A", child(), T)


def test_an_order_that_a_reload_has_met_on_its_way_is_not_judged() -> None:
    pinned = Pinned()
    pinned.sent("A")
    pinned.came_into_force("no-lit-a")
    pinned.answered("A")
    pinned.child("LIT_A", "A", child(), T)
    assert not pinned.judged


def test_what_is_applied_narrows_an_open_order_from_then_on() -> None:
    pinned = pinned_to("no-lit-a")
    narrowed = pinned.in_doubt()
    pinned.applied("small", narrowed, T, {})
    pinned.child("LIT_B", "A", child(400), T)
    pinned.child("LIT_B", "A", child(300), T + 1)
    for mic, qty in (("LIT_B", 301), ("LIT_A", 100)):
        with pytest.raises(Broken, match="pinned"):
            pinned.child(mic, "A", child(qty), T + 1)


def test_what_was_applied_before_counts_no_more_once_others_may_be() -> None:
    """Their record may be safe although nobody was told so."""
    pinned = pinned_to("shipped")
    pinned.applied("no-lit-a", pinned.in_doubt(), T, {})
    pinned.in_doubt()
    pinned.child("LIT_A", "A", child(), T + 1)


def test_what_is_told_of_when_others_may_have_followed_counts_no_more_either() -> None:
    """Their record may be safe although the process dies before anybody is told (seed 86892)."""
    pinned = pinned_to("shipped")
    first = pinned.in_doubt()
    pinned.in_doubt()
    pinned.applied("no-lit-a", first, T, {})
    pinned.child("LIT_A", "A", child(), T + 1)


def test_an_order_that_comes_later_is_not_narrowed() -> None:
    pinned = Pinned()
    pinned.applied("no-lit-a", pinned.in_doubt(), T, {})
    pinned.sent("A")
    pinned.answered("A")
    pinned.child("LIT_A", "A", child(), T + 1)


@pytest.mark.parametrize(("mic", "qty"), [("LIT_A", 100), ("LIT_B", 301)])
def test_what_rests_where_less_is_allowed_has_had_its_cancel(mic: str, qty: int) -> None:
    pinned = pinned_to("no-pair")
    narrowed = pinned.in_doubt()
    name = "no-lit-a" if mic == "LIT_A" else "small"
    with pytest.raises(Broken, match="rests in spite of"):
        pinned.applied(name, narrowed, T, {"C": AtWork(mic, "A", 1, stays=True, leaves_qty=qty)})


def test_what_may_rest_and_what_ends_by_itself_needs_none() -> None:
    pinned = pinned_to("shipped")
    resting = {
        "elsewhere": AtWork("LIT_B", "A", 1, stays=True, leaves_qty=400),
        "immediate": AtWork("LIT_A", "A", 1, stays=False, leaves_qty=100),
        "of another": AtWork("LIT_A", "B", 1, stays=True, leaves_qty=100),
    }
    pinned.applied("no-lit-a", pinned.in_doubt(), T, resting)
    assert pinned.judged_resting == 1


def test_what_is_left_of_a_child_counts() -> None:
    """As its venue has told it, and not what was asked for."""
    kills = Kills()
    kills.child("LIT_B", "A", child(400), 1, T)
    kills.heard(from_venue("150=0|39=0|151=400"))
    kills.heard(from_venue("150=F|39=1|151=300"))
    pinned = pinned_to("shipped")
    pinned.applied("small", pinned.in_doubt(), T, kills.resting({1}))
    assert pinned.judged_resting == 1
