"""Reading the policy again: in a thread, one at a time, and as often as it was asked for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from router.core.environment import Book
from router.runtime.control import Answer, Request
from router.runtime.reloader import BY_SIGNAL, Reloader
from router.runtime.reloading import ReloadAsked
from tests.live.driven import Lines

ASKED = ReloadAsked("ada", "test")
WRONG = ("a.yaml:1: no",)
LONG_S = 20.0


class House:
    """Documents that are read when a test lets them be, and a node that notes what it is asked."""

    def __init__(self) -> None:
        self.may_read = threading.Semaphore(0)
        self.begun = 0
        self.loop_thread = threading.get_ident()
        self.in_thread: list[bool] = []
        self.answers: list[Answer] = []
        self.log = Lines()
        self.reloader = Reloader(self.read, self.operate, self.log)

    def read(self) -> Book | tuple[str, ...]:
        self.begun += 1
        self.in_thread.append(threading.get_ident() != self.loop_thread)
        assert self.may_read.acquire(timeout=LONG_S), "nobody has let it go on"
        return WRONG

    async def operate(self, request: Request) -> Answer:
        return self.answers.pop(0) if self.answers else {"refused": list(WRONG)}

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONG_S):
            while not what():
                await asyncio.sleep(0)


def played(play: Callable[[House], Coroutine[Any, Any, None]]) -> House:
    async def body() -> House:
        house = House()
        await play(house)
        return house

    return asyncio.run(body())


def test_the_loop_goes_on_while_documents_are_read() -> None:
    async def play(house: House) -> None:
        asked = asyncio.create_task(house.reloader.ask(ASKED))
        await house.until(lambda: house.begun == 1)  # the loop turns, though it is being read
        house.may_read.release()
        assert await asked == {"refused": list(WRONG)}

    assert played(play).in_thread == [True]


def test_one_who_asks_meanwhile_waits_and_has_the_documents_read_anew() -> None:
    async def play(house: House) -> None:
        both = [asyncio.create_task(house.reloader.ask(ASKED)) for _ in range(2)]
        await house.until(lambda: house.begun == 1)
        for _ in range(100):
            await asyncio.sleep(0)
        assert house.begun == 1
        house.may_read.release(2)
        await asyncio.gather(*both)
        assert house.begun == 2

    played(play)


def test_signals_while_one_is_served_are_one_more() -> None:
    async def play(house: House) -> None:
        house.reloader.signalled()
        await house.until(lambda: house.begun == 1)
        for _ in range(3):
            house.reloader.signalled()
        house.may_read.release(5)
        await house.until(lambda: house.begun == 2)
        for _ in range(100):
            await asyncio.sleep(0)
        await house.reloader.stop()
        assert house.begun == 2

    played(play)


def test_what_no_record_tells_of_is_in_the_log() -> None:
    async def play(house: House) -> None:
        house.may_read.release(4)
        house.answers = [
            {"error": "the disk is full"},
            {"differs": False, "policy_hash": "h"},
            {"differs": False, "policy_hash": "h"},
        ]
        await house.reloader.ask(BY_SIGNAL)
        await house.reloader.ask(ASKED)
        await house.reloader.ask(ReloadAsked("", "", dry_run=True))
        await house.reloader.ask(ASKED)

    assert played(play).log.lines == [
        ("policies_not_taken", {"who": "SIGHUP", "reason": "the disk is full"}),
        ("policies_unchanged", {"who": "ada", "policy": "h"}),
    ]


def test_a_daemon_without_documents_says_so() -> None:
    async def play(house: House) -> None:
        bare = Reloader(None, house.operate, house.log)
        told = {"error": "this daemon was started without policy documents"}
        assert await bare.ask(ASKED) == told

    played(play)


def test_a_mistake_of_ours_ends_the_process() -> None:
    async def play(house: House) -> None:
        found: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))

        def broken() -> tuple[str, ...]:
            raise AssertionError("ours")

        reloader = Reloader(broken, house.operate, house.log)
        reloader.signalled()
        await house.until(lambda: bool(found))
        assert str(found[0]["exception"]) == "ours"

    played(play)
