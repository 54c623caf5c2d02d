"""The limits as configured: all of them, always, in their fixed order, and their cards.

There is no way to leave one out: a limit that the configuration does not name has its defaults.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from risk.card import Card
from router.ports import Limit

RANK_LAST = 1_000
"""The rank of a limit that has no card."""


class LimitsError(ValueError):
    """The configuration of the limits is wrong: names that are no limits, and models' errors."""

    def __init__(
        self, unknown: tuple[str, ...], errors: Mapping[str, ValidationError], allowed: list[str]
    ) -> None:
        self.unknown = unknown
        self.errors = dict(errors)
        told = [f"unknown limit {name!r}; allowed: {', '.join(allowed)}" for name in unknown]
        told += [f"{name}: {error.errors()[0]['msg']}" for name, error in errors.items()]
        super().__init__("; ".join(told))


def load(
    data: Mapping[str, Mapping[str, object]], classes: Mapping[str, type[Limit]]
) -> tuple[Limit, ...]:
    """Every limit of `classes`, in the fixed order, with the parameters that `data` gives by name.

    Raises:
        LimitsError: a name that is no limit, an unknown key, a wrong type or a value out of bounds.
    """
    errors: dict[str, ValidationError] = {}
    limits: dict[str, Limit] = {}
    for name in ordered(classes):
        try:
            limits[name] = classes[name].from_document(data.get(name, {}))
        except ValidationError as error:
            errors[name] = error
    unknown = tuple(name for name in data if name not in classes)
    if unknown or errors:
        raise LimitsError(unknown, errors, sorted(classes))
    return tuple(limits.values())


def ordered(classes: Mapping[str, type[Limit]]) -> list[str]:
    """The names in the fixed order: by rank, then by name."""
    return sorted(classes, key=lambda name: (_rank(classes[name]), name))


def cards(limits: tuple[Limit, ...]) -> list[dict[str, object]]:
    """What `sluice check --json` lists: each limit's card and the values it runs with."""
    rows: list[dict[str, object]] = []
    for limit in limits:
        kind = type(limit)
        row: dict[str, object] = {"limit": kind.plugin_name()}
        card = _card(kind)
        if card is not None:
            row |= {
                "control": card.control,
                "article": card.article,
                "scope": card.scope,
                "unit": card.unit,
                "rank": card.rank,
            }
        row["values"] = limit.model_dump()
        row["defaults"] = kind().model_dump()
        rows.append(row)
    return rows


def _card(kind: type[Limit]) -> Card | None:
    card = getattr(kind, "card", None)
    return card if isinstance(card, Card) else None


def _rank(kind: type[Limit]) -> int:
    card = _card(kind)
    return RANK_LAST if card is None else card.rank
