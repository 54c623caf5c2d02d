"""What an arm's key says: `MIC/tactic`.

Owns the reading of that name. Knows nothing of venues.
"""

from __future__ import annotations

from router.model import Tactic

_SHOWN = (Tactic.LIT_TAKE, Tactic.DEALER_QUOTE, Tactic.DEALER_RFQ)


def tactic(arm: str) -> str:
    """The part after the last slash: a Tactic's value, if the engine has made the key."""
    return arm.rpartition("/")[2]


def takes_shown(arm: str) -> bool:
    """True if the arm takes what is displayed or quoted; at others a size is a queue, or unseen."""
    return tactic(arm) in _SHOWN
