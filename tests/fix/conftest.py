"""Each session rule is shown three ways: whole messages, byte by byte, several in one read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from router.fix.dictionary import dictionary
from router.fix.versions import FIX44, VERSIONS, Version
from tests.fix.wire import OMS, SLUICE, OneSide, speaks


@pytest.fixture(params=["whole", "bytes", "at once"])
def way(request: pytest.FixtureRequest) -> str:
    """How bytes arrive."""
    return str(request.param)


DICTIONARIES = {each: dictionary(each) for each in VERSIONS}


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def version(request: pytest.FixtureRequest) -> Version:
    """Each version that we speak."""
    assert isinstance(request.param, Version)
    return request.param


@pytest.fixture
def acceptor(way: str) -> Callable[..., OneSide]:
    """Makes an acceptor that judges by the dictionary; connected, and logged on if asked."""

    def make(
        version: Version = FIX44,
        *,
        logon: bool = True,
        next_in: int = 1,
        next_out: int = 1,
        **changes: object,
    ) -> OneSide:
        settings = {"validate": DICTIONARIES[version], **speaks(version), **changes}
        config = replace(SLUICE, **settings)
        side = OneSide(config, way=way, next_in=next_in, next_out=next_out)
        side.connect()
        if logon:
            side.told(f"35=A|34={next_in}|98=0|108=30|{side.appl}")
            assert side.says() == side.expected(f"35=A|34={next_out}|98=0|108=30|{side.appl}")
            side.reports()
        return side

    return make


@pytest.fixture
def initiator(way: str) -> Callable[..., OneSide]:
    """Makes an initiator that takes messages as they are; connected, and logged on if asked."""

    def make(
        version: Version = FIX44,
        *,
        logon: bool = True,
        next_in: int = 1,
        next_out: int = 1,
        **changes: object,
    ) -> OneSide:
        side = OneSide(
            replace(OMS, **{**speaks(version), **changes}),
            way=way,
            next_in=next_in,
            next_out=next_out,
        )
        side.connect()
        assert side.says() == side.expected(f"35=A|34={next_out}|98=0|108=30|{side.appl}")
        if logon:
            side.told(f"35=A|34={next_in}|98=0|108=30|{side.appl}")
            side.reports()
        return side

    return make


@pytest.fixture(params=["acceptor", "initiator"])
def either(
    request: pytest.FixtureRequest,
    acceptor: Callable[..., OneSide],
    initiator: Callable[..., OneSide],
) -> Callable[..., OneSide]:
    """A session in each role."""
    return acceptor if request.param == "acceptor" else initiator
