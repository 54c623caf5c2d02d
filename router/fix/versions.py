"""The FIX versions that Sluice speaks, and by which names they go on the wire.

Names only: what a version's messages hold is in its dictionary, what it cannot say in `dialects`.
"""

from __future__ import annotations

from dataclasses import dataclass

FIXT = "FIXT.1.1"
"""BeginString(8) of every version from 5.0 on."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the application layer, and the session layer that carries it."""

    name: str
    """Such as `FIX.4.4`."""
    begin_string: str
    """BeginString(8)."""
    appl_ver_id: str
    """ApplVerID(1128) and DefaultApplVerID(1137)."""

    @property
    def fixt(self) -> bool:
        """True if the session layer is FIXT.1.1."""
        return self.begin_string == FIXT


FIX42 = Version("FIX.4.2", "FIX.4.2", "4")
FIX44 = Version("FIX.4.4", "FIX.4.4", "6")
FIX50SP2 = Version("FIX.5.0SP2", FIXT, "9")
VERSIONS = (FIX42, FIX44, FIX50SP2)


def named(name: str) -> Version:
    """The version of a name such as `FIX.5.0SP2`.

    Raises:
        ValueError: we do not speak it; says what is allowed.
    """
    for each in VERSIONS:
        if each.name == name:
            return each
    raise ValueError(f"{name!r} is not one of: {', '.join(each.name for each in VERSIONS)}")


def version(begin_string: str, default_appl_ver_id: str = "") -> Version:
    """The version of a session's BeginString(8) and, for FIXT.1.1, its DefaultApplVerID(1137).

    Raises:
        ValueError: we do not speak it; says what is allowed.
    """
    for each in VERSIONS:
        named = not each.fixt or default_appl_ver_id == each.appl_ver_id
        if each.begin_string == begin_string and named:
            return each
    allowed = ", ".join(f"{v.begin_string} ({v.appl_ver_id})" for v in VERSIONS)
    raise ValueError(
        f"{begin_string} with ApplVerID {default_appl_ver_id or 'unset'}: allowed: {allowed}"
    )
