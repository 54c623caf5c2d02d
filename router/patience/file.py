"""The file of an urgency table: JSON with a checksum, and everything that is checked before use.

Owns the format and every reason to refuse. A file that was changed, was made for other features or
says what no table can say is refused whole. The same table gives the same bytes.
"""

from __future__ import annotations

import hashlib
from math import prod
from pathlib import Path

import msgspec
import numpy as np

from router.core.features import FEATURE_VERSION
from router.core.urgency_table import MARKET, UrgencyTable

FORMAT_VERSION = 1

FILE_MAX = 4 << 20
"""Bytes."""

CELLS_MAX = 100_000
U_MAX_BP = 10_000.0


class TableFileError(ValueError):
    """A file that is not used: which, what is wrong with it, and what is allowed."""


class TableCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table says, and where it comes from."""

    kind: str
    """A key of `router.patience.making.KINDS`."""
    market: str
    market_hash: str
    seeds: str
    """`FROM:N`, of the careers whose markets the paths were walked in."""
    paths: int
    steps: int
    """Of all paths together."""
    shape: tuple[int, ...]
    """Buckets of the time, of what remains, and levels of each feature of the market's state."""
    remaining: tuple[float, ...]
    """Rising bounds, shares of ADV."""
    market_edges: tuple[tuple[float, ...], ...]
    """Rising bounds of each feature, as decisions see it."""
    kappa: float
    """Of the schedule that holds where the table has no answer."""
    u_bp: tuple[float | None, ...]
    """Row by row, the last index runs fastest; null: no answer."""
    visits: tuple[int, ...]
    """Likewise: steps that began there."""
    scikit_learn: str = ""
    """The version that fitted it, if it did."""
    format_version: int = FORMAT_VERSION
    feature_version: int = FEATURE_VERSION
    features: tuple[str, ...] = MARKET


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    table: msgspec.Raw


class _Versions(msgspec.Struct, frozen=True):
    """The versions first: a card of another one may not fit in ours."""

    format_version: int
    feature_version: int


def write_table(path: Path, card: TableCard) -> str:
    """Write a file; one that is there is replaced. Its SHA-256, hexadecimal."""
    data = msgspec.json.encode(card)
    digest = hashlib.sha256(data).hexdigest()
    path.write_bytes(msgspec.json.encode(_File(digest, msgspec.Raw(data))) + b"\n")
    return digest


def read_card(path: Path) -> tuple[TableCard, str]:
    """What a file says, checked, and its SHA-256.

    Raises:
        TableFileError: why it is refused.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX + 1)
    except OSError as error:
        raise TableFileError(f"{path}: {error.strerror or error}") from None
    return card_of(data, path)


def card_of(content: bytes, path: Path) -> tuple[TableCard, str]:
    """What the bytes of a file say, checked, and its SHA-256.

    Raises:
        TableFileError: why it is refused.
    """
    try:
        if len(content) > FILE_MAX:
            raise TableFileError(f"too many bytes; allowed: {FILE_MAX}")
        file = msgspec.json.decode(content, type=_File)
        data = bytes(file.table)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise TableFileError("SHA-256 does not fit: the file was changed; train it again")
        versions = msgspec.json.decode(data, type=_Versions)
        _same("format version", versions.format_version, FORMAT_VERSION)
        _same("feature version", versions.feature_version, FEATURE_VERSION)
        card = msgspec.json.decode(data, type=TableCard)
        _check(card)
    except (TableFileError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TableFileError(f"{path}: {error}") from None
    return card, file.sha256


def read_table(path: Path) -> UrgencyTable:
    """The table in a file, named as the file is.

    Raises:
        TableFileError: why it is refused.
    """
    return _table(*read_card(path), path)


def table_of(content: bytes, path: Path) -> UrgencyTable:
    """The table that the bytes of a file are.

    Raises:
        TableFileError: why it is refused.
    """
    return _table(*card_of(content, path), path)


def _table(card: TableCard, digest: str, path: Path) -> UrgencyTable:
    u_bp = np.array([np.nan if each is None else each for each in card.u_bp], dtype=np.float64)
    return UrgencyTable(
        name=path.stem,
        digest=digest,
        remaining=card.remaining,
        market=card.market_edges,
        u_bp=u_bp.reshape(card.shape),
        kappa=card.kappa,
    )


def _check(card: TableCard) -> None:
    _same("features", ", ".join(card.features), ", ".join(MARKET))
    if len(card.market_edges) != len(MARKET):
        raise TableFileError(f"market_edges: {len(card.market_edges)}; allowed: {len(MARKET)}")
    sizes = [len(card.remaining) + 1, *(len(each) + 1 for each in card.market_edges)]
    if not card.shape or card.shape[0] < 1 or list(card.shape[1:]) != sizes:
        raise TableFileError(f"shape {card.shape}; allowed: (steps, {', '.join(map(str, sizes))})")
    if (cells := prod(card.shape)) > CELLS_MAX:
        raise TableFileError(f"{cells} cells; allowed: {CELLS_MAX}")
    for name in ("u_bp", "visits"):
        if len(getattr(card, name)) != cells:
            raise TableFileError(f"{name}: {len(getattr(card, name))}; allowed: {cells}")
    bounds = zip(("remaining", *MARKET), (card.remaining, *card.market_edges), strict=True)
    for name, edges in bounds:
        if list(edges) != sorted(set(edges)):
            raise TableFileError(f"{name}: bounds do not rise")
    if any(each is not None and abs(each) > U_MAX_BP for each in card.u_bp):
        raise TableFileError(f"u_bp: allowed are -{U_MAX_BP:g} to {U_MAX_BP:g}")
    if not 0.0 <= card.kappa <= 50.0:
        raise TableFileError(f"kappa {card.kappa}; allowed: 0 to 50")


def _same(what: str, found: object, allowed: object) -> None:
    if found != allowed:
        text = f"{what} {found!r}; allowed: {allowed!r}"
        raise TableFileError(f"{text}: train it again, or use the release that made it")
