"""What a message can be refused for: SessionRejectReason(373) and its words."""

from __future__ import annotations

from dataclasses import dataclass

TAG_INVALID = 0
REQUIRED_MISSING = 1
TAG_NOT_IN_MESSAGE = 2
NO_VALUE = 4
VALUE_INCORRECT = 5
FORMAT_INCORRECT = 6
COMP_ID_PROBLEM = 9
TIME_PROBLEM = 10
MSG_TYPE_INVALID = 11
TAG_REPEATED = 13
OUT_OF_ORDER = 14
GROUP_ORDER = 15
GROUP_COUNT = 16
APPL_VER_ID_INVALID = 18

REASONS = {
    TAG_INVALID: "Invalid tag number",
    REQUIRED_MISSING: "Required tag missing",
    TAG_NOT_IN_MESSAGE: "Tag not defined for this message type",
    NO_VALUE: "Tag specified without a value",
    VALUE_INCORRECT: "Value is incorrect (out of range) for this tag",
    FORMAT_INCORRECT: "Incorrect data format for value",
    COMP_ID_PROBLEM: "CompID problem",
    TIME_PROBLEM: "SendingTime accuracy problem",
    MSG_TYPE_INVALID: "Invalid MsgType",
    TAG_REPEATED: "Tag appears more than once",
    OUT_OF_ORDER: "Tag specified out of required order",
    GROUP_ORDER: "Repeating group fields out of order",
    GROUP_COUNT: "Incorrect NumInGroup count for repeating group",
    APPL_VER_ID_INVALID: "Invalid or unsupported application version",
}
"""SessionRejectReason(373) that we send, with its Text(58)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message is refused: SessionRejectReason(373), RefTagID(371), Text(58)."""

    reason: int
    ref_tag: str

    @property
    def text(self) -> str:
        """The standard's words for the reason."""
        return REASONS[self.reason]
