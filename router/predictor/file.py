"""The file of a predictor: an npz of plain arrays with a card, and what is checked before use.

Owns the format and every reason to refuse. Nothing in it is executed: it is read with
`allow_pickle=False`. A file that was changed, was made for other features or holds what no model
can hold is refused whole; there is no reading around a fault.

Arrays: `card` (JSON, bytes), `sha256` (of all that the file says), `scaler.*`, `map.<k>.*`, and
`layer.<k>.*` or `tree.*`. The same model gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from router import npz
from router.core.features import CLIP
from router.core.foresight import Foresight
from router.core.observed import FEATURE_VERSION, FEATURES
from router.core.predictor import CLASSES, Form, IsotonicMap, Layers, Model, Scaler, Trees
from router.ports import FloatArray, IntArray

FORMAT_VERSION = 2

FILE_MAX = 16 << 20
"""Bytes of a file, and of any array in it."""

ARRAYS_MAX = 64

DEPTH_MAX = 16
"""Of a tree: what is walked for every decision is bounded."""

MOVE_MAX = 100.0
"""Spreads: no stock's mid goes further within seconds, or its spread is a wrong one."""

_FLOATS = np.dtype("<f8")
_INTS = np.dtype("<i8")

_Arrays = dict[str, NDArray[Any]]


class PredictorFileError(ValueError):
    """A file that is not used: which, what is wrong with it, and what is allowed."""


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a predictor is, and where it comes from."""

    kind: str
    """The kind of model, a key of `router.predictor.training.KINDS`."""
    horizon: str
    """A key of CLASSES."""
    days: tuple[str, ...]
    """The recordings that it learned from, the oldest first."""
    from_ns: int
    until_ns: int
    """First and last decision learned from, nanoseconds since the first day's midnight."""
    rows: int
    move_spreads: float
    """Mean size of the mid's moves among the rows that moved, spreads of the decision."""
    latency_ns: int
    """How much later than it happened the router was taken to see a change."""
    seed: int
    scikit_learn: str
    """The version that fitted it."""
    format_version: int = FORMAT_VERSION
    feature_version: str = FEATURE_VERSION
    features: tuple[str, ...] = FEATURES
    """Names, in the order of columns."""


class Predictor:
    """A trained model with its card."""

    def __init__(self, card: Card, model: Model) -> None:
        self.card = card
        self._model = model

    def foresight(self, *, drift: bool, feature: bool) -> Foresight:
        """The predictor as decisions ask it; docs/predictor.md says what for."""
        return Foresight(self._model, self.card.move_spreads, self.sha256, drift, feature)

    @property
    def sha256(self) -> str:
        """What tells it from any other: the checksum of its file."""
        return digest(self._arrays()).hex()

    @classmethod
    def load(cls, path: Path) -> Predictor:
        """Read a file.

        Raises:
            PredictorFileError: why it is refused.
            OSError: it cannot be read.
        """
        arrays = _read(path)
        try:
            card = _card(arrays)
            return cls(card, _model(card, _Reader(arrays)))
        except PredictorFileError as error:
            raise PredictorFileError(f"{path}: {error}") from None

    def save(self, path: Path) -> None:
        """Write a file; one that is there is replaced."""
        arrays = self._arrays()
        arrays["sha256"] = np.frombuffer(digest(arrays), np.uint8)
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @property
    def classes(self) -> tuple[str, ...]:
        """What the probabilities are of, from down to up."""
        return CLASSES[self.card.horizon]

    def predict(self, features: FloatArray) -> FloatArray:
        """The (C,) probabilities of raw (D,) features, or (N, C) of (N, D).

        NaN is an unknown feature. To a seller the classes mean the opposite.

        Raises:
            ValueError: the features are not as many as FEATURES.
        """
        if features.ndim not in (1, 2) or features.shape[-1] != len(FEATURES):
            text = f"features of shape {features.shape}; allowed: ({len(FEATURES)},)"
            raise ValueError(f"{text} or (N, {len(FEATURES)}), {', '.join(FEATURES)}")
        found = self._model.predict(np.atleast_2d(features))
        return found[0] if features.ndim == 1 else found

    def _arrays(self) -> _Arrays:
        """All that the file says, but for its own checksum."""
        card = np.frombuffer(msgspec.json.encode(self.card), np.uint8)
        return {"card": card, **_arrays(self._model)}


# --- writing -------------------------------------------------------------------------------------


def _arrays(model: Model) -> _Arrays:
    found: _Arrays = {"scaler.mean": model.scaler.mean, "scaler.scale": model.scaler.scale}
    for k, each in enumerate(model.maps):
        found |= {f"map.{k}.told": each.told, f"map.{k}.worth": each.worth}
    match model.form:
        case Layers(weights, biases):
            for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
                found |= {f"layer.{k}.weight": weight, f"layer.{k}.bias": bias}
        case Trees() as trees:
            names = ("root", "feature", "threshold", "left", "right", "value", "baseline")
            found |= {f"tree.{name}": getattr(trees, name) for name in names}
            found["tree.depth"] = np.array([trees.depth], np.int64)
        case other:
            raise AssertionError(f"no file for {type(other).__name__}")
    return {name: np.ascontiguousarray(array) for name, array in sorted(found.items())}


def digest(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """SHA-256 of names, types, shapes and values, in the order of names."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()


# --- reading -------------------------------------------------------------------------------------


def _read(path: Path) -> _Arrays:
    """The arrays of a file, its checksum verified and taken off."""
    if (size := path.stat().st_size) > FILE_MAX:
        raise PredictorFileError(f"{path}: {size} bytes; allowed: {FILE_MAX}")
    data = path.read_bytes()
    try:
        sizes = npz.sizes(data)
        if len(sizes) > ARRAYS_MAX or any(each > FILE_MAX for each in sizes):
            text = f"{ARRAYS_MAX} arrays of {FILE_MAX} bytes each"
            raise PredictorFileError(f"{path}: too large when unpacked; allowed: {text}")
        arrays = npz.arrays(data)
    except npz.NpzError as error:
        raise PredictorFileError(f"{path}: not an npz of plain arrays ({error})") from None
    told = arrays.pop("sha256", None)
    if told is None or told.tobytes() != digest(arrays):
        text = "SHA-256 does not fit: the file was changed, or is none of a predictor"
        raise PredictorFileError(f"{path}: {text}; train it again")
    return arrays


def _card(arrays: _Arrays) -> Card:
    try:
        data = msgspec.json.decode(arrays.pop("card").tobytes())
        # The version first: a card of another one may not fit in ours.
        _same("format version", data["format_version"], FORMAT_VERSION)
        card = msgspec.convert(data, Card)
    except (KeyError, TypeError, msgspec.DecodeError) as error:
        raise PredictorFileError(f"card: {error}") from None
    _same("feature version", card.feature_version, FEATURE_VERSION)
    _same("features", ", ".join(card.features), ", ".join(FEATURES))
    if not 0.0 < card.move_spreads <= MOVE_MAX:
        text = f"moves of {card.move_spreads} spreads; allowed: above 0, up to {MOVE_MAX:g}"
        raise PredictorFileError(text)
    if card.horizon not in CLASSES:
        raise PredictorFileError(f"horizon {card.horizon!r}; allowed: {', '.join(CLASSES)}")
    return card


def _same(what: str, found: object, allowed: object) -> None:
    if found != allowed:
        text = f"{what} {found!r}; allowed: {allowed!r}"
        raise PredictorFileError(f"{text}: train it again, or use the release that made it")


class _Reader:
    """Takes arrays out, each with the type and shape that it must have."""

    def __init__(self, arrays: _Arrays) -> None:
        self._arrays = arrays

    def has(self, name: str) -> bool:
        return name in self._arrays

    def floats(self, name: str, *shape: int) -> FloatArray:
        array = self._take(name, _FLOATS, shape)
        if not np.isfinite(array).all():
            raise PredictorFileError(f"{name}: not finite")
        return array

    def ints(self, name: str, *shape: int, below: int) -> IntArray:
        array = self._take(name, _INTS, shape)
        if ((array < 0) | (array >= below)).any():
            raise PredictorFileError(f"{name}: allowed are 0 to {below - 1}")
        return array

    def finish(self) -> None:
        if self._arrays:
            raise PredictorFileError(f"unknown arrays: {', '.join(sorted(self._arrays))}")

    def _take(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """-1 in a shape stands for any length but none."""
        array = self._arrays.pop(name, None)
        if array is None:
            raise PredictorFileError(f"{name}: missing")
        fits = array.ndim == len(shape) and all(
            has == want or (want < 0 < has) for has, want in zip(array.shape, shape, strict=True)
        )
        if array.dtype != dtype or not fits:
            text = f"{name}: {array.dtype} of shape {array.shape}; allowed: {dtype} of {shape}"
            raise PredictorFileError(text)
        return array


def _model(card: Card, reader: _Reader) -> Model:
    count = len(FEATURES)
    scaler = Scaler(reader.floats("scaler.mean", count), reader.floats("scaler.scale", count))
    if (scaler.scale <= 0).any():
        raise PredictorFileError("scaler.scale: not above zero")
    classes = len(CLASSES[card.horizon])
    columns = classes if classes > 2 else 1
    form: Form = _trees(reader, columns) if reader.has("tree.root") else _layers(reader, columns)
    maps = tuple(_map(reader, k) for k in range(columns))
    reader.finish()
    _try(form)
    return Model(scaler, form, maps)


def _try(form: Form) -> None:
    """Ask for the most that any features could bring about: each as far out as it is clipped, and
    nothing taken off by anything else. If that is a number, all that will be said are.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        match form:
            case Layers(weights, biases):
                largest = Layers(tuple(map(np.abs, weights)), tuple(map(np.abs, biases)))
                found = largest.logits(np.full((1, len(FEATURES)), CLIP))
            case Trees() as trees:
                found = np.abs(trees.value).sum() + np.abs(trees.baseline)
            case other:
                raise AssertionError(f"no bound for {type(other).__name__}")
    if not np.isfinite(found).all():
        raise PredictorFileError("its log-odds are beyond all numbers for some features")


def _map(reader: _Reader, k: int) -> IsotonicMap:
    told = reader.floats(f"map.{k}.told", -1)
    worth = reader.floats(f"map.{k}.worth", len(told))
    if (np.diff(told) < 0).any() or (np.diff(worth) < 0).any():
        raise PredictorFileError(f"map.{k}: falls somewhere")
    if worth[0] <= 0.0 or worth[-1] >= 1.0:
        raise PredictorFileError(f"map.{k}.worth: allowed is between 0 and 1")
    return IsotonicMap(told, worth)


def _layers(reader: _Reader, columns: int) -> Layers:
    weights: list[FloatArray] = []
    biases: list[FloatArray] = []
    width = len(FEATURES)
    while reader.has(f"layer.{len(weights)}.weight") or not weights:
        k = len(weights)
        weights.append(reader.floats(f"layer.{k}.weight", width, -1))
        width = weights[-1].shape[1]
        biases.append(reader.floats(f"layer.{k}.bias", width))
    if width != columns:
        raise PredictorFileError(f"layer.{k}.weight: {width} outputs; allowed: {columns}")
    return Layers(tuple(weights), tuple(biases))


def _trees(reader: _Reader, columns: int) -> Trees:
    value = reader.floats("tree.value", -1)
    nodes = len(value)
    trees = Trees(
        root=reader.ints("tree.root", -1, below=nodes),
        feature=reader.ints("tree.feature", nodes, below=len(FEATURES)),
        threshold=reader.floats("tree.threshold", nodes),
        left=reader.ints("tree.left", nodes, below=nodes),
        right=reader.ints("tree.right", nodes, below=nodes),
        value=value,
        baseline=reader.floats("tree.baseline", columns),
        depth=int(reader.ints("tree.depth", 1, below=DEPTH_MAX + 1)[0]),
    )
    if len(trees.root) % columns:
        text = f"tree.root: {len(trees.root)} trees; allowed: a multiple of {columns}"
        raise PredictorFileError(text)
    return trees
