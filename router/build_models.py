"""What learners begin from: model files as the settings name them, to what the journal is told.

Owns the reading of files and every check that is made before a state is believed. A file that does
not fit is a value, a ModelRefused, for the router goes on without it; a key in the settings that
names no learner is an error. Must not know when a model counts: that is the core's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from config.layers import SettingsError
from config.settings import Settings
from router.core.chance import chance
from router.core.features import FEATURE_VERSION, FEATURES
from router.core.scoring import NO_SCORES
from router.core.shelf import LearnerShelf, learner_key, parse_key
from router.learners._stored import (
    BYTES_MAX,
    LESSONS_MAX,
    Identity,
    Stored,
    StoredStateError,
    from_bytes,
    inspect,
    to_bytes,
)
from router.messages import ModelArray, ModelLoaded, ModelRefused
from router.ports import Arrays, FloatArray, Learner, ScoreRequest

Learners = Mapping[str, type[Learner]]
Model = ModelLoaded | ModelRefused

PART_BYTES = 512 << 10
"""Of arrays in one event: a journal's smallest segment has twice as much."""

TRIAL_LOTS = 16
"""For so many lots a state is asked before it is believed."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file's bytes, and what they say."""

    path: Path
    data: bytes
    stored: Stored

    @property
    def file_hash(self) -> str:
        """sha256, hex, as sha256sum tells it."""
        return _hash(self.data)


def models(settings: Settings, learners: Learners) -> tuple[Model, ...]:
    """What became of every model file that the settings name: parts of its content, or a refusal.

    Raises:
        SettingsError: keys that are not a learner's, one line each.
    """
    wrong = [
        settings.problem(("models", key), text)
        for key in settings.models
        if (text := _wrong_key(key, learners))
    ]
    if wrong:
        raise SettingsError(wrong)
    return tuple(
        event for key, path in settings.models.items() for event in _events(key, path, learners)
    )


def refusals(settings: Settings, learners: Learners) -> list[str]:
    """Why model files would be refused at a start, each with its place in the settings.

    Raises:
        SettingsError: as `models` does.
    """
    return [
        settings.problem(("models", each.learner), f"{each.path}: {each.reason}")
        for each in models(settings, learners)
        if isinstance(each, ModelRefused)
    ]


def _wrong_key(key: str, learners: Learners) -> str:
    try:
        name, params = parse_key(key)
    except ValueError as error:
        return f'not a learner\'s key: {error}; allowed: a name, or NAME{{"parameter":value}}'
    if name not in learners:
        return f"no learner {name!r}; allowed: {', '.join(learners)}"
    try:
        learners[name].from_document(params)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        return f"{where}: {first['msg']}; keys: {', '.join(learners[name].model_fields) or 'none'}"
    meant = learner_key(name, params)
    return "" if key == meant else f"decisions write it otherwise; allowed: {meant}"


# -- reading -------------------------------------------------------------------------------------


def read(path: Path) -> ModelFile:
    """A model file of whatever learner.

    Raises:
        StoredStateError: it is not what a learner's state was saved as.
    """
    data = _bytes(path)
    return ModelFile(path, data, inspect(data))


def why_not(found: ModelFile, learners: Learners) -> str:
    """Why a file that is sound in itself would be refused here; empty if it would not be."""
    key = found.stored.identity.learner
    if wrong := _wrong_key(key, learners):
        return f"header: learner is {key!r}: {wrong}"
    try:
        _fitting(found.data, key, learners)
    except StoredStateError as error:
        return str(error)
    return ""


def shelf_of(path: Path, learners: Learners) -> LearnerShelf:
    """A shelf with the one learner of a file.

    Raises:
        StoredStateError: it is no file of a learner that is here, with the features of now.
    """
    found = read(path)
    if wrong := why_not(found, learners):
        raise StoredStateError(wrong)
    shelf = LearnerShelf(learners, dimensions=len(FEATURES))
    for part in _parts(found.stored, path, found.file_hash):
        shelf.load(part)
    return shelf


def saved(shelf: LearnerShelf, key: str) -> bytes:
    """What a learner of a shelf has learned, as a file's bytes.

    Raises:
        StoredStateError: it could not be read again, as with lessons of other features in it.
    """
    identity = Identity(key, FEATURE_VERSION, len(FEATURES))
    learner, arrays = shelf.get(key)
    data = to_bytes(arrays, identity, shelf.versions[key])
    from_bytes(data, identity, learner.shape)
    _check_clocks(learner, arrays)
    return data


def _events(key: str, path: Path, learners: Learners) -> Iterator[Model]:
    file_hash = ""
    try:
        data = _bytes(path)
        file_hash = _hash(data)
        stored = _fitting(data, key, learners)
    except StoredStateError as error:
        yield ModelRefused(key, str(path), str(error), file_hash)
    else:
        yield from _parts(stored, path, file_hash)


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            found = "not a file" if path.exists() else "no such file"
            raise StoredStateError(f"{found}; allowed: what `sluice learner save` writes")
        if path.stat().st_size > BYTES_MAX:
            text = f"the file has {path.stat().st_size} bytes; allowed: up to {BYTES_MAX}"
            raise StoredStateError(text)
        return path.read_bytes()
    except OSError as error:
        raise StoredStateError(f"the file cannot be read: {error.strerror}") from error


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _fitting(data: bytes, key: str, learners: Learners) -> Stored:
    """The state of exactly this learner, that scores.

    Raises:
        StoredStateError: what is wrong, where, and what is allowed.
    """
    name, params = parse_key(key)
    learner = learners[name].from_document(params)
    stored = from_bytes(data, Identity(key, FEATURE_VERSION, len(FEATURES)), learner.shape)
    for each in learner.initial(len(FEATURES)):
        if each not in stored.arrays:
            raise StoredStateError(f"array {each!r} is missing: {key} always has it")
    for each, array in stored.arrays.items():
        if array.nbytes > PART_BYTES:
            text = f"array {each!r} has {array.nbytes} bytes; allowed: up to {PART_BYTES}"
            raise StoredStateError(text)
    _check_clocks(learner, stored.arrays)
    _try(learner, stored.arrays)
    return stored


def _check_clocks(learner: Learner, arrays: Arrays) -> None:
    """Nothing was last changed after now: forgetting reckons with how long ago it was.

    Raises:
        StoredStateError: which array says so, and what the clock says.
    """
    places = learner.clocks()
    now = float(arrays["clock"][0]) if "clock" in arrays else 0.0
    if not 0.0 <= now <= LESSONS_MAX:
        raise StoredStateError(f"array 'clock' is {now:g}; allowed: 0 to {LESSONS_MAX}")
    for name, array in arrays.items():
        kind, slash, _ = name.partition("/")
        if (at := places.get(kind + slash)) is not None and not 0.0 <= array[at] <= now:
            text = f"array {name!r} was last changed at the lesson {array[at]:g}"
            raise StoredStateError(f"{text}; allowed: 0 to {now:g}, which the clock says")


def _try(learner: Learner, arrays: Arrays) -> None:
    """Ask for scores of every arm, for every symbol: arrays that lack others are found out here.

    Raises:
        StoredStateError: there are none, or they are not finite.
    """
    arms, symbols = contents(arrays)
    for symbol in symbols or ("",):
        try:
            scores = learner.score(arrays, _question(symbol, arms), chance(0, 0, ""))
        except NO_SCORES as error:
            raise StoredStateError(f"no scores can be made of it: {error!r}") from error
        if not (np.isfinite(scores.tails).all() and np.isfinite(scores.values).all()):
            raise StoredStateError("scores that are made of it are not finite")


def _question(symbol: str, arms: tuple[str, ...]) -> ScoreRequest:
    nothing: FloatArray = np.zeros(len(arms))
    return ScoreRequest(
        symbol=symbol,
        arms=arms,
        features=np.zeros((len(arms), len(FEATURES))),
        cost_bp=nothing,
        displayed_lots=nothing,
        lots=TRIAL_LOTS,
        urgency_bp=1.0,
        participation=1.0,
    )


def contents(arrays: Arrays) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Arms and symbols that a state speaks of: its arrays are named `kind/MIC/tactic`, and
    `kind/SYMBOL/MIC/tactic` where a symbol has its own."""
    parts = [name.split("/")[1:] for name in arrays]
    arms = {"/".join(each[-2:]) for each in parts if len(each) >= 2}
    symbols = {"/".join(each[:-2]) for each in parts if len(each) > 2}
    return tuple(sorted(arms)), tuple(sorted(symbols))


# -- telling the journal -------------------------------------------------------------------------


def _parts(stored: Stored, path: Path, file_hash: str) -> Iterator[ModelLoaded]:
    """The whole state, a few arrays an event, in the order of their names."""
    groups: list[list[ModelArray]] = [[]]
    size = 0
    for name, array in sorted(stored.arrays.items()):
        data = np.ascontiguousarray(array, dtype="<f8").tobytes()
        wide = len(name) + len(data)
        if groups[-1] and size + wide > PART_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(ModelArray(name, array.shape, data))
        size += wide
    for part, group in enumerate(groups, 1):
        yield ModelLoaded(
            learner=stored.identity.learner,
            path=str(path),
            file_hash=file_hash,
            feature_version=stored.identity.feature_version,
            lessons=stored.lessons,
            part=part,
            parts=len(groups),
            arrays=tuple(group),
        )
