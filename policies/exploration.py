"""How far learners may explore for an order: the setting's form, and how layers add up.

Owns the defaults and the rule that a lower layer only narrows. Knows no learner, document or order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from router.model import Exploration

NONE = "none"
"""The whole setting, where nothing may be explored."""

DEFAULT = Exploration()
"""Where no document says anything."""


class Bounds(BaseModel):
    """The setting's keys; what is left out is left to upper layers, and then to the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    budget_bp: Annotated[float, Field(ge=0.0, le=100.0)] | None = None
    """Most that exploring may cost, bp of the notional that the account's day has decided."""
    give_up: Annotated[float, Field(ge=0.0, lt=1.0)] | None = None
    """alpha of the gate."""
    champion: str | dict[str, object] | None = None
    """A learner's name, or its name and parameters; the gate compares with it."""


def narrowed(layers: Sequence[Mapping[str, object]]) -> Exploration:
    """What holds, of what the layers say, the lowest first; nothing of one that opts out.

    Who is opted out stays so, and the smallest budget and the smallest share to give up count: a
    lower layer narrows what an upper one allows. Among champions the lowest layer's is taken, as
    for other settings.
    """
    if not all(layers):
        return Exploration(allowed=False)
    name, params = next((found for each in layers if (found := champion(each))[0]), ("", {}))
    return Exploration(
        budget_bp=min(_said(layers, "budget_bp"), default=DEFAULT.budget_bp),
        give_up=min(_said(layers, "give_up"), default=DEFAULT.give_up),
        champion=name,
        champion_params=params,
    )


def champion(said: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Name and parameters of the champion that a setting names; an empty name for none."""
    found = said.get("champion", "")
    if not isinstance(found, Mapping):
        return str(found), {}
    params = {key: value for key, value in found.items() if key != "name"}
    return str(found["name"]), params


def _said(layers: Sequence[Mapping[str, object]], key: str) -> list[float]:
    """The numbers that layers give."""
    return [float(found) for each in layers if isinstance(found := each.get(key), int | float)]


def text(found: Exploration) -> str:
    """In a line."""
    if not found.allowed:
        return NONE
    gate = "no gate"
    if found.give_up is not None:
        against = found.champion or "its own mean"
        gate = f"{found.give_up:g} of the worth of {against} given up at most"
    return f"{found.budget_bp:g} bp at most, {gate}"
