"""In what the worlds differ before anything happens: configuration, and who speaks which version.

Owns the variants. Draws one of them and does nothing with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

import config
from config.settings import load_settings
from router import build
from router.fix.versions import FIX42, FIX50SP2, Version
from router.model import NS
from router.simulation.limits import OVERRIDES

OMS_NAMES = ("OMS", "OMS2")
ALWAYS = (
    f"fix.acceptor.sessions.1.target_comp_id={OMS_NAMES[1]}",
    "journal.segment_mib=1",
    *OVERRIDES,
)
Variant = tuple[str, ...]
VARIANTS: tuple[Variant, ...] = (
    (),
    ("fix.defaults.resend_request_chunk_size=3", "fix.defaults.heart_bt_int=2"),
    ("venues.LIT_A.mass_status=H", "venues.DARK_A.mass_status=H", "venues.SDP_1.mass_status=H"),
)
"""What config/sluice.yaml is changed in: for all, and for some."""

PROMISES: tuple[Variant, ...] = (
    ("venues.LIT_A.cod=all", "venues.LIT_B.cod=day", "venues.DARK_A.cod=all",
     "venues.SDP_1.cod=day", "venues.LIT_C.max_resend_age_s=0", "venues.DARK_B.max_resend_age_s=0"),
    ("venues.LIT_A.mass_status=none", "venues.DARK_A.mass_status=none",
     "venues.SDP_2.mass_status=none", "venues.LIT_B.cod=all", "venues.LIT_A.max_resend_age_s=0"),
)  # fmt: skip
"""What profiles say of venues, whether these keep it or not: in every `PROMISED`th world."""
PROMISED = 4


START = 1_767_623_400 * NS
"""2026-01-05 14:30:00 UTC, a Monday."""
BEFORE_MIDNIGHT = 1_767_657_593 * NS
"""23:59:53 of that day."""
OVER_MIDNIGHT = 11
"""Every so many worlds begin then."""

BEGINS_AGAIN = 6
"""In every so many worlds the second OMS begins its numbers again with every Logon."""

FORGETS = 7
"""In every so many worlds a venue and we begin all numbers again with every Logon."""

Spoken = Mapping[str, Version]
"""FIX versions by OMS or MIC; those that are not named speak 4.4."""
HOUSES: tuple[Spoken, ...] = (
    {},
    {"OMS": FIX42, "OMS2": FIX50SP2, "LIT_A": FIX50SP2, "LIT_B": FIX42, "DARK_A": FIX42,
     "DARK_B": FIX50SP2, "SDP_1": FIX42, "SDP_2": FIX50SP2},
    {"OMS": FIX50SP2, "LIT_A": FIX42, "LIT_C": FIX50SP2, "DARK_B": FIX42, "SDP_1": FIX50SP2,
     "SDP_2": FIX42},
)  # fmt: skip
"""Seed by seed in turn."""
ALGO_TAGS = Path(config.__file__).parent / "extensions" / "fix42-algo.yaml"
LIQUIDITY_TAG = "9730"


def start_of(seed: int) -> int:
    """When a seed's world begins, UTC nanoseconds."""
    return BEFORE_MIDNIGHT if seed % OVER_MIDNIGHT == OVER_MIDNIGHT - 1 else START


def spoken(seed: int) -> Spoken:
    """Who speaks what in a seed's world."""
    return HOUSES[seed % len(HOUSES)]


def variant_of(seed: int, rng: np.random.Generator) -> Variant:
    """What the configuration of a seed's world is changed in."""
    variant = VARIANTS[int(rng.integers(len(VARIANTS)))]
    number, promised = divmod(seed, PROMISED)
    return variant if promised else PROMISES[number % len(PROMISES)]


def forgets(seed: int, variant: Variant) -> str:
    """The MIC of a venue whose numbers begin again: what it has not told it never tells. Not one
    that answers no questions, for then nobody would know that there is something missing.
    """
    number, left = divmod(seed, FORGETS)
    mic = ("LIT_A", "LIT_B", "LIT_C", "DARK_A", "SDP_1")[number % 5]
    asked = f"venues.{mic}.mass_status=none" not in variant
    return mic if left == FORGETS - 1 and asked else ""


def spoken_overrides(spoken: Spoken) -> list[str]:
    """How the node is told who speaks what."""
    found = []
    for name, version in spoken.items():
        is_oms = name in OMS_NAMES
        key = f"fix.acceptor.sessions.{OMS_NAMES.index(name)}" if is_oms else f"venues.{name}"
        found.append(f"{key}.begin_string={version.begin_string}")
        if version is FIX42:
            more = (
                f"dictionary_extension={ALGO_TAGS}"
                if is_oms
                else f"liquidity_flag_tag={LIQUIDITY_TAG}"
            )
            found.append(f"{key}.{more}")
    return found


@cache
def parts(*overrides: str) -> build.Parts:
    """What every life of a node is made of."""
    return build.parts(load_settings(overrides=[*ALWAYS, *overrides]))
