"""Who may log on to a simulated venue, and how the venue behaves towards its clients."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.fix.dialects import Dialect, dialect
from router.fix.versions import FIX44, Version
from venues.order_entry import OrderEntryProfile


@dataclass(frozen=True, slots=True)
class GatewayProfile:
    """Who may log on to a venue, and how the venue behaves."""

    client: str = "SLUICE"
    """SenderCompID(49) of the router's order entry."""
    data_client: str = "SLUICE.MD"
    """SenderCompID(49) of the router's market data."""
    copy_client: str = ""
    """SenderCompID(49) of its drop copies; empty: there is no such session."""
    version: Version = FIX44
    """Of orders and market data alike."""
    liquidity_tag: str = ""
    """The tag of a fill's liquidity flag, where the version has no LastLiquidityInd(851)."""
    validate: bool = False
    """Judge what the client sends by the version's dictionary."""
    heart_bt_int: int = 30
    check_latency: bool = True
    """Off for a market whose clock is not the client's: SendingTime(52) is then not judged."""
    order_entry: OrderEntryProfile = field(default_factory=OrderEntryProfile)

    @property
    def dialect(self) -> Dialect:
        """What its version says differently."""
        return dialect(self.version, self.liquidity_tag)
