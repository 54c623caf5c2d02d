"""Whether a message is what its FIX version says it must be, and if not, how the fault is called.

It judges single messages; what needs a session's memory (numbers, CompIDs, times) is the session's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from router.fix import versions
from router.fix.dictionary.faults import (
    APPL_VER_ID_INVALID,
    COMP_ID_PROBLEM,
    FORMAT_INCORRECT,
    GROUP_COUNT,
    GROUP_ORDER,
    MSG_TYPE_INVALID,
    NO_VALUE,
    OUT_OF_ORDER,
    REASONS,
    REQUIRED_MISSING,
    TAG_INVALID,
    TAG_NOT_IN_MESSAGE,
    TAG_REPEATED,
    TIME_PROBLEM,
    VALUE_INCORRECT,
    Fault,
)
from router.fix.dictionary.validation import DEFAULT, Dictionary, Rules
from router.fix.specification import (
    Condition,
    Field,
    Member,
    MessageType,
    Specification,
    specification,
)

__all__ = [
    "APPL_VER_ID_INVALID",
    "COMP_ID_PROBLEM",
    "FIX44",
    "FORMAT_INCORRECT",
    "GROUP_COUNT",
    "GROUP_ORDER",
    "MSG_TYPE_INVALID",
    "NO_VALUE",
    "OUT_OF_ORDER",
    "REASONS",
    "REQUIRED_MISSING",
    "TAG_INVALID",
    "TAG_NOT_IN_MESSAGE",
    "TAG_REPEATED",
    "TIME_PROBLEM",
    "VALUE_INCORRECT",
    "Condition",
    "Dictionary",
    "Extension",
    "Fault",
    "Field",
    "Member",
    "MessageType",
    "Rules",
    "Specification",
    "dictionary",
    "specification",
]


class Extension(Protocol):
    """Fields and messages that a session has beyond its version, or instead of it."""

    def apply(self, spec: Specification) -> Specification:
        """The specification with them.

        Raises:
            ValueError: they do not fit; says what, where and what is allowed.
        """


def dictionary(
    version: versions.Version, rules: Rules = DEFAULT, extend: Sequence[Extension] = ()
) -> Dictionary:
    """The dictionary of a version, extended in this order, under a session's rules.

    Sessions that ask for the same share it: what it remembers of messages is true for all of them,
    and costs a millisecond for each type of message.
    """
    if not extend:
        return _plain(version, rules)
    spec = specification(version)
    for extension in extend:
        spec = extension.apply(spec)
    return Dictionary(spec, rules)


@cache
def _plain(version: versions.Version, rules: Rules) -> Dictionary:
    return Dictionary(specification(version), rules)


FIX44 = dictionary(versions.FIX44)
"""FIX.4.4 as it is, by the default rules."""
