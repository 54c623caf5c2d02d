"""A connection's socket as the driver sets it."""

from __future__ import annotations

import socket

from router.runtime.wire import SYSTEM_OUT, prepare


def test_small_messages_leave_at_once_and_a_dead_peer_is_noticed() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as one,
    ):
        prepare(one)
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SYSTEM_OUT


def test_a_local_socket_and_none_are_left_as_they_are() -> None:
    one, other = socket.socketpair()
    with one, other:
        prepare(one)
    prepare(None)
