"""The predictor's file: what comes back, and everything that is refused."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from router.core.observed import FEATURE_VERSION, FEATURES
from router.core.predictor import CLASSES
from router.predictor import file as file_module
from router.predictor.file import Card, Predictor, PredictorFileError
from router.predictor.folds import whole_past
from router.predictor.training import KINDS, train
from tests.predictor.made import samples

Arrays = dict[str, NDArray[Any]]


def card(kind: str, horizon: str) -> Card:
    return Card(
        kind=kind, horizon=horizon, days=("monday", "tuesday"), from_ns=1, until_ns=2, rows=4_000,
        move_spreads=0.75, latency_ns=1_000_000, seed=7, scikit_learn="1.9",
    )  # fmt: skip


@cache
def trained(kind: str, horizon: str = "10s") -> Predictor:
    return trained_anew(kind, horizon)


def trained_anew(kind: str, horizon: str = "10s") -> Predictor:
    found = samples(horizon)
    return Predictor(card(kind, horizon), train(kind, found, whole_past(found), seed=7))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("predictors")
    paths = {kind: folder / f"{kind}.npz" for kind in KINDS}
    for kind, path in paths.items():
        trained(kind).save(path)
    return paths


@pytest.mark.parametrize("horizon", CLASSES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_loaded_predicts_what_was_saved(kind: str, horizon: str, tmp_path: Path) -> None:
    saved = trained(kind, horizon)
    saved.save(tmp_path / "p.npz")
    loaded = Predictor.load(tmp_path / "p.npz")
    assert loaded.card == card(kind, horizon)
    assert loaded.classes == CLASSES[horizon]
    raw = samples(horizon, seed=5).features
    assert loaded.predict(raw).tobytes() == saved.predict(raw).tobytes()
    one = loaded.predict(raw[3])
    assert one.shape == (len(loaded.classes),)
    assert one == pytest.approx(loaded.predict(raw)[3], abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes(
    kind: str, written: dict[str, Path], tmp_path: Path
) -> None:
    trained_anew(kind).save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == written[kind].read_bytes()


def test_features_of_another_number_are_refused(written: dict[str, Path]) -> None:
    with pytest.raises(
        ValueError, match=r"features of shape \(3,\); allowed: \(14,\) or \(N, 14\)"
    ):
        Predictor.load(written["logistic"]).predict(np.zeros(3))


def test_a_changed_byte_is_refused(written: dict[str, Path], tmp_path: Path) -> None:
    """Wherever it is: in the values the zip's own check sees it, elsewhere ours does."""
    whole = written["logistic"].read_bytes()
    path = tmp_path / "changed.npz"
    before = Predictor.load(written["logistic"])
    raw = samples("10s").features[:50]
    unread = 0
    for place in range(0, len(whole), 41):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        if (loaded := unless_refused(path)) is not None:
            # A byte of the zip's that nobody reads, its date say.
            assert loaded.card == before.card
            assert loaded.predict(raw).tobytes() == before.predict(raw).tobytes()
            unread += 1
    assert unread < len(whole) / 41 / 2


def test_a_turned_bit_in_the_header_of_a_large_array_is_refused(
    written: dict[str, Path], tmp_path: Path
) -> None:
    """So much of one, above 4 KiB, is unpacked before its CRC is known."""
    whole = written["boosting"].read_bytes()
    with np.load(written["boosting"]) as source:
        assert source["tree.value"].nbytes > 4096
    begin = whole.index(b"\x93NUMPY", whole.index(b"tree.value.npy"))
    path = tmp_path / "changed.npz"
    for at in range(begin, whole.index(b"\n", begin)):
        for bit in range(8):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            with pytest.raises(PredictorFileError, match="not an npz of plain arrays"):
                Predictor.load(path)


def test_another_value_under_the_same_checksum_is_refused(
    written: dict[str, Path], tmp_path: Path
) -> None:
    """The zip is whole and the value is a fine one: only the checksum tells."""
    with np.load(written["logistic"]) as source:
        arrays = dict(source)
    with_array("layer.0.bias", 0.125)(arrays)
    np.savez(tmp_path / "p.npz", allow_pickle=False, **arrays)
    with pytest.raises(PredictorFileError, match="SHA-256 does not fit"):
        Predictor.load(tmp_path / "p.npz")


def test_a_torn_file_and_a_stranger_are_refused(written: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    for content in (b"", b"hello", written["logistic"].read_bytes()[:-200]):
        path.write_bytes(content)
        with pytest.raises(PredictorFileError, match="not an npz of plain arrays"):
            Predictor.load(path)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(PredictorFileError, match="SHA-256 does not fit"):
        Predictor.load(path)
    with pytest.raises(FileNotFoundError):
        Predictor.load(tmp_path / "none.npz")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, card=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(PredictorFileError, match="not an npz of plain arrays"):
        Predictor.load(path)


def test_what_would_not_fit_in_memory_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(file_module.FILE_MAX + 1))
    assert path.stat().st_size < file_module.FILE_MAX
    with pytest.raises(PredictorFileError, match="too large when unpacked"):
        Predictor.load(path)


def test_nothing_of_scikit_learn_is_loaded_to_serve(written: dict[str, Path]) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from router.core.observed import FEATURES\n"
        "from router.predictor.file import Predictor\n"
        f"p = Predictor.load(Path({str(written['boosting'])!r}))\n"
        "p.predict(np.zeros(len(FEATURES)))\n"
        "print(sorted({'sklearn', 'scipy', 'joblib', 'pyarrow'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def unless_refused(path: Path) -> Predictor | None:
    try:
        return Predictor.load(path)
    except PredictorFileError:
        return None


def with_card(**changes: object) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        told = msgspec.json.decode(arrays["card"].tobytes()) | changes
        arrays["card"] = np.frombuffer(msgspec.json.encode(told), np.uint8)

    return change


def with_array(name: str, value: object) -> Callable[[Arrays], None]:
    """Replace an array, or one value of it if `value` is a number."""

    def change(arrays: Arrays) -> None:
        if isinstance(value, int | float):
            arrays[name] = arrays[name].copy()
            arrays[name].flat[0] = value
        else:
            arrays[name] = np.asarray(value)

    return change


def filled_with(name: str, value: float) -> Callable[[Arrays], None]:
    """Numbers, every one of them, whose sums are none."""

    def change(arrays: Arrays) -> None:
        arrays[name] = np.full_like(arrays[name], value)

    return change


def without(name: str) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        del arrays[name]

    return change


REFUSED: list[tuple[str, Callable[[Arrays], None], str]] = [
    ("logistic", with_card(format_version=1), "format version 1; allowed: 2"),
    ("logistic", with_card(feature_version="0"), f"version '0'; allowed: '{FEATURE_VERSION}'"),
    ("logistic", with_card(features=FEATURES[::-1]), "features 'depth, mid_age"),
    ("logistic", with_card(horizon="1h"), "horizon '1h'; allowed: next, 1s, 10s"),
    ("logistic", with_card(horizon="next"), "layer.0.weight: 3 outputs; allowed: 1"),
    ("logistic", with_card(move_spreads=0.0), "moves of 0.0 spreads; allowed: above 0, up to 100"),
    ("logistic", with_card(surprise=1), "card: .*surprise"),
    ("logistic", with_card(seed="x"), "card: .*seed"),
    ("logistic", without("card"), "card: 'card'"),
    ("logistic", without("scaler.mean"), "scaler.mean: missing"),
    ("logistic", without("map.2.worth"), "map.2.worth: missing"),
    ("logistic", with_array("extra", [1.0]), "unknown arrays: extra"),
    ("logistic", with_array("scaler.scale", 0.0), "scaler.scale: not above zero"),
    ("logistic", with_array("scaler.mean", float("nan")), "scaler.mean: not finite"),
    ("logistic", with_array("scaler.mean", [0.0]), r"scaler.mean: float64 of shape \(1,\)"),
    ("logistic", with_array("layer.0.bias", np.zeros(3, np.float32)), "layer.0.bias: float32"),
    ("logistic", with_array("map.0.worth", 0.9), "map.0: falls somewhere"),
    ("logistic", with_array("map.0.worth", 0.0), "map.0.worth: allowed is between 0 and 1"),
    ("network", without("layer.1.weight"), "outputs; allowed: 3"),
    ("boosting", with_array("tree.left", 10**6), "tree.left: allowed are 0 to"),
    ("boosting", with_array("tree.root", -1), "tree.root: allowed are 0 to"),
    ("boosting", with_array("tree.feature", len(FEATURES)), "tree.feature: allowed are 0 to 13"),
    ("boosting", with_array("tree.depth", [99]), "tree.depth: allowed are 0 to 16"),
    ("boosting", with_array("tree.root", [0, 0]), "2 trees; allowed: a multiple of 3"),
    ("boosting", with_array("tree.threshold", float("inf")), "tree.threshold: not finite"),
    ("logistic", filled_with("layer.0.weight", 1e308), "log-odds are beyond all numbers"),
    ("network", filled_with("layer.1.weight", -1e308), "log-odds are beyond all numbers"),
    ("boosting", filled_with("tree.value", 1e308), "log-odds are beyond all numbers"),
]


@pytest.mark.parametrize(("kind", "change", "reason"), REFUSED, ids=[each[2] for each in REFUSED])
def test_what_no_predictor_can_hold_is_refused(
    kind: str,
    change: Callable[[Arrays], None],
    reason: str,
    written: dict[str, Path],
    tmp_path: Path,
) -> None:
    """Even with a checksum that fits."""
    with np.load(written[kind]) as source:
        arrays = {name: source[name] for name in source.files if name != "sha256"}
    change(arrays)
    arrays["sha256"] = np.frombuffer(file_module.digest(arrays), np.uint8)
    path = tmp_path / "p.npz"
    with path.open("wb") as out:
        np.savez(out, allow_pickle=False, **arrays)
    with pytest.raises(PredictorFileError, match=reason) as refused:
        Predictor.load(path)
    assert str(refused.value).startswith(f"{path}: ")
