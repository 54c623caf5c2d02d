"""A venue's session of drop copies: every execution that its client was told, once more.

Owns what is copied. Knows nothing of why something was executed, and takes no messages.
"""

from __future__ import annotations

from router.fix.codec import SOH, Message
from router.fix.dialects import Dialect
from venues.order_outbox import Answer, Reply


class DropCopyFeed:
    """The application behind a session of copies."""

    def __init__(self, dialect: Dialect) -> None:
        self._mark = f"797=Y{SOH}" if dialect.copy_msg_indicator else ""
        self._replies: list[Reply] = []

    def copy(self, body: str) -> None:
        """An ExecutionReport(8) of shares that changed hands."""
        self._replies.append(Answer("8", body + self._mark))

    def receive(self, message: Message, *, seq: int, poss_dup: bool, now: int) -> None:
        """Whoever is given copies has nothing to say."""

    def resent(self, now: int) -> None:
        """What was asked for again and was not kept is lost."""

    def lost(self, now: int) -> None:
        """Copies wait for the next connection."""

    def take(self) -> list[Reply]:
        """What is to be sent, in order."""
        replies, self._replies = self._replies, []
        return replies
