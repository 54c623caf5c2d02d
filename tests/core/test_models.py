"""What a learner knows that begins from a model: parts, order, symbols that nobody has met."""

from __future__ import annotations

from math import exp
from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from router import build, build_models
from router.core import fold
from router.core.chance import chance
from router.core.features import FEATURE_VERSION, FEATURES
from router.core.shelf import LearnerShelf
from router.core.state import State
from router.learners._posterior import Scope, new_fills, write_fills
from router.learners._stored import Identity, StoredStateError, to_bytes
from router.learners.hazard import Hazard
from router.messages import Learn, LearnMarkout, ModelArray, ModelLoaded, ModelRefused, Restarted
from router.ports import Arrays, ScoreRequest, Scores

D = len(FEATURES)
SETTINGS = load_settings(DEFAULT_CONFIG)
FAMILY = build.families()
LEARNERS = FAMILY.learners
ENV = build.environment(SETTINGS, FAMILY)
ARMS = ("LIT_A/lit_take", "LIT_B/lit_make", "DARK_A/dark_mid")


def lesson(key: str, i: int) -> Learn:
    x = tuple(float(each) for each in np.cos(np.arange(D) * (i + 1)))
    symbol = ("ONE", "TWO")[i % 2]
    arm = ARMS[i % 3]
    return Learn("C", key, symbol, arm, x, FEATURE_VERSION, 6, i % 7, 0, "observed", None)


def markout(key: str, i: int) -> LearnMarkout:
    x = tuple(float(each) for each in np.sin(np.arange(D) * (i + 1)))
    arm = ARMS[i % 3]
    return LearnMarkout("C", key, "ONE", arm, x, FEATURE_VERSION, 3, i % 4, 0.1 * i, 0.0)


def taught(key: str, count: int = 24) -> LearnerShelf:
    shelf = LearnerShelf(LEARNERS, dimensions=D)
    for i in range(count):
        shelf.learn(key, lesson(key, i))
        shelf.mark(key, markout(key, i))
    return shelf


def from_file(path: Path, key: str) -> tuple[ModelLoaded, ...]:
    settings = SETTINGS.model_copy(update={"models": {key: path}})
    found = build_models.models(settings, LEARNERS)
    loaded = tuple(each for each in found if isinstance(each, ModelLoaded))
    assert loaded == found
    return loaded


def empty() -> State:
    return build.engine(ENV, FAMILY).state


def request(symbol: str, arms: tuple[str, ...] = ARMS) -> ScoreRequest:
    zero = np.zeros(len(arms))
    return ScoreRequest(symbol, arms, np.zeros((len(arms), D)), zero, zero + 3.0, 8, 2.0, 1.0)


def asked(shelf: LearnerShelf, key: str, symbol: str) -> Scores:
    learner, state = shelf.get(key)
    return learner.score(state, request(symbol), chance(1, 2, "P"))


def bits(state: Arrays) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in state.items()}


@pytest.mark.parametrize("key", [*LEARNERS, 'hazard{"kappa":0}'])
def test_every_learner_goes_on_from_a_file_as_if_it_had_not_been_away(
    key: str, tmp_path: Path
) -> None:
    before = taught(key)
    path = tmp_path / "model.npz"
    path.write_bytes(build_models.saved(before, key))
    after = build_models.shelf_of(path, LEARNERS)
    assert after.versions[key] == before.versions[key] == 48
    assert bits(after.states[key]) == bits(before.states[key])
    for shelf in (before, after):
        shelf.learn(key, lesson(key, 30))
    assert bits(after.states[key]) == bits(before.states[key])
    for symbol in ("ONE", "NEVER MET"):
        one, other = asked(before, key, symbol), asked(after, key, symbol)
        assert np.array_equal(one.tails, other.tails)
        assert np.array_equal(one.values, other.values)


def test_a_new_symbol_starts_at_the_level_that_all_symbols_share(tmp_path: Path) -> None:
    before = taught("hazard")
    path = tmp_path / "model.npz"
    path.write_bytes(build_models.saved(before, "hazard"))
    state = empty()
    for each in from_file(path, "hazard"):
        fold.apply(state, 1, each)
    alpha = before.states["hazard"][f"alpha/{ARMS[0]}"]
    found = asked(state.shelf, "hazard", "NEVER MET").mean_tails[0, 0]
    # x = 0 and no lessons of its own: P(at least one lot) is what survives the zero bin
    assert found == pytest.approx(1.0 - 1.0 / (1.0 + exp(-alpha[0])), rel=1e-12)
    blind = Hazard().score(Hazard().initial(D), request("NEVER MET"), chance(1, 2, "P"))
    assert blind.mean_tails[0, 0] == pytest.approx(1.0 - 1.0 / (1.0 + exp(3.0)), rel=1e-12)
    assert found != pytest.approx(blind.mean_tails[0, 0], rel=1e-3)


def large(symbols: int) -> Arrays:
    """More than fits into one event: 18 features and 9 bins make 1,296 bytes a symbol and arm."""
    state = Hazard().initial(D)
    for i in range(symbols):
        for arm in ARMS:
            write_fills(state, arm, f"S{i}", new_fills(arm, Scope(f"S{i}", 256, D), 0.0))
    return state


def test_a_large_model_comes_in_parts_and_counts_with_the_last(tmp_path: Path) -> None:
    path, symbols = tmp_path / "large.npz", 300
    path.write_bytes(to_bytes(large(symbols), Identity("hazard", FEATURE_VERSION, D), 7))
    parts = from_file(path, "hazard")
    assert [each.part for each in parts] == list(range(1, len(parts) + 1))
    assert {each.parts for each in parts} == {len(parts)}
    assert len(parts) > 1
    assert max(len(msgspec.msgpack.encode(each)) for each in parts) < (1 << 20) - 64
    state = empty()
    shelf = state.shelf
    shelf.learn("hazard", lesson("hazard", 1))
    own = bits(shelf.states["hazard"])
    for each in parts[:-1]:
        fold.apply(state, 1, each)
    assert bits(shelf.states["hazard"]) == own
    fold.apply(state, 2, Restarted(2))  # the power went before the last part
    assert not shelf.has(parts[0])
    for each in parts:
        fold.apply(state, 3, each)
    assert bits(shelf.states["hazard"]) == bits(large(symbols))
    assert (shelf.versions["hazard"], shelf.has(parts[0])) == (7, True)


def test_a_loaded_model_can_be_written_to_and_leaves_the_event_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(build_models.saved(taught("hazard"), "hazard"))
    parts = from_file(path, "hazard")
    was = msgspec.msgpack.encode(parts)
    state = empty()
    for each in parts:
        fold.apply(state, 1, each)
    state.shelf.learn("hazard", lesson("hazard", 3))
    assert msgspec.msgpack.encode(parts) == was


CLOCKS = [
    ("hazard", "counts/", 0),
    ("hazard", "own_counts/", 0),
    ("hazard", "value_counts/", 0),
    ("linucb", "counts/", 0),
    ("lin_ts", "counts/", 0),
    ("beta_hazard", "ended/", -1),
    ("cont_kukanov", "fraction/", -1),
    ("exponentiated_gradient", "losses/", -1),
    ("fill_rate", "markout/", -1),
    ("kaplan_meier", "failed/", -1),
    ("power_law", "seen/", -1),
    ("reinforcement", "executed/", -1),
    ("stochastic_approximation", "markout/", -1),
]


def written_ahead(path: Path, key: str, kind: str, at: int, clock: float = 1e6) -> Path:
    """A model that is sound but for arrays which say that they are of a later lesson."""
    state = taught(key).states[key]
    ahead = [name for name in state if name.startswith(kind)]
    assert ahead
    for name in ahead:
        state[name][at] = clock
    path.write_bytes(to_bytes(state, Identity(key, FEATURE_VERSION, D), 48))
    return path


@pytest.mark.parametrize(("key", "kind", "at"), CLOCKS)
def test_a_model_that_was_taught_later_than_its_clock_is_refused(
    key: str, kind: str, at: int, tmp_path: Path
) -> None:
    path = written_ahead(tmp_path / "model.npz", key, kind, at)
    settings = SETTINGS.model_copy(update={"models": {key: path}})
    [refused] = build_models.models(settings, LEARNERS)
    assert isinstance(refused, ModelRefused)
    assert f"array '{kind}" in refused.reason
    assert "was last changed at the lesson 1e+06; allowed: 0 to 24" in refused.reason
    written_ahead(path, key, kind, at, -1.0)
    [refused] = build_models.models(settings, LEARNERS)
    assert isinstance(refused, ModelRefused)
    state = LearnerShelf(LEARNERS, dimensions=D)
    state.adopt(taught(key))
    state.states[key]["clock"][0] = -5.0
    with pytest.raises(StoredStateError, match="'clock' is -5; allowed: 0 to"):
        build_models.saved(state, key)


@pytest.mark.parametrize(("key", "kind", "at"), CLOCKS)
def test_a_journal_that_has_taken_such_a_model_goes_on(
    key: str, kind: str, at: int, tmp_path: Path
) -> None:
    found = build_models.read(written_ahead(tmp_path / "model.npz", key, kind, at))
    arrays = tuple(
        ModelArray(name, array.shape, array.tobytes())
        for name, array in found.stored.arrays.items()
    )
    state = empty()
    model = ModelLoaded(key, "model.npz", found.file_hash, FEATURE_VERSION, 48, 1, 1, arrays)
    fold.apply(state, 1, model)
    for i in range(24):
        state.shelf.learn(key, lesson(key, i))
        state.shelf.mark(key, markout(key, i))
    scores = asked(state.shelf, key, "ONE")
    assert np.isfinite(scores.tails).all()
    assert np.isfinite(scores.values).all()
    assert all(np.isfinite(array).all() for array in state.shelf.states[key].values())


def test_a_model_of_other_features_in_an_old_journal_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(build_models.saved(taught("hazard"), "hazard"))
    state = empty()
    for each in from_file(path, "hazard"):
        old = msgspec.structs.replace(each, feature_version=FEATURE_VERSION - 1)
        fold.apply(state, 1, old)
    assert state.shelf.versions == {}


def test_a_refusal_holds_for_one_life_and_only_for_who_knows_nothing() -> None:
    state = empty()
    shelf = state.shelf
    refused = ModelRefused("hazard", "x.npz", "no such file")
    fold.apply(state, 1, refused)
    shelf.get("hazard")
    assert shelf.blind("hazard") == "no such file"
    assert shelf.blind("linucb") == ""
    fold.apply(state, 2, Restarted(2))
    assert shelf.blind("hazard") == ""
    fold.apply(state, 3, refused)
    shelf.learn("hazard", lesson("hazard", 1))
    assert shelf.blind("hazard") == ""


def test_the_digest_tells_which_file_a_learner_began_from_and_which_was_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(build_models.saved(taught("hazard"), "hazard"))
    refused = ModelRefused("hazard", "x.npz", "no such file")
    [loaded] = from_file(path, "hazard")
    other = msgspec.structs.replace(loaded, file_hash="0" * 64)
    digests = []
    for event in (refused, loaded, other, loaded):
        state = empty()
        fold.apply(state, 1, event)
        digests.append(state.digest())
    assert len({empty().digest(), *digests}) == 4
    assert digests[1] == digests[3]
