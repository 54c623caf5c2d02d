"""Venues that judge what they are asked in a FIX version, and the router's sessions with one."""

from __future__ import annotations

from collections.abc import Sequence

from router.fix.application import market_data_request, outgoing
from router.fix.codec import Message
from router.fix.dialects import Dialect, dialect
from router.fix.dictionary import Rules, dictionary
from router.fix.versions import Version
from router.messages.commands import Command
from tests.venues.gateway_wire import SPEC, START, Client, Wires
from venues.gateway_profile import GatewayProfile
from venues.market_file import MarketSpec


class House:
    """Venues that judge what they are asked, and the router's two sessions with one of them."""

    def __init__(self, version: Version, mic: str, spec: MarketSpec = SPEC) -> None:
        profile = GatewayProfile(version=version, liquidity_tag="9730", validate=True)
        self.wires = Wires(profile=profile, spec=spec)
        self.mic = mic
        self.column: Dialect = dialect(version)
        self.orders = self.wires.connect(Client(mic, version=version))
        self.data = self.wires.connect(Client(mic, "SLUICE.MD", data=True, version=version))
        self._judge = dictionary(version, Rules(validate_user_defined_fields=False))

    def ask(self, command: Command) -> None:
        out = outgoing(command, START, {self.mic: self.column})
        assert out is not None
        self.wires.send(self.orders, out.msg_type, out.body.rstrip("\x01"))

    def order(self, cl_ord_id: str, text: str) -> None:
        """NewOrderSingle(D) for ACME, with what the version requires besides."""
        handl_inst = self.column.handl_inst.replace("\x01", "|")
        self.wires.order(self.orders, cl_ord_id, handl_inst + text)

    def subscribe(self) -> None:
        out = market_data_request(self.mic, "ACME", "R1")
        self.wires.send(self.data, out.msg_type, out.body.rstrip("\x01"))

    def told(self, client: Client) -> list[Message]:
        """What has arrived: sound in the version, and no refusal."""
        messages, client.messages[:] = list(client.messages), []
        for each in messages:
            fault = self._judge.validate(each)
            assert fault is None, (fault, each)
            assert each.msg_type not in ("3", "j"), each
        return messages


def kinds(messages: Sequence[Message]) -> list[str]:
    return [each.msg_type for each in messages]
