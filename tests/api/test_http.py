"""The reader of a request's head: what is understood, and what is refused how."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api.http import HEAD_MAX, Answer, BadRequest, encode, path_of


@pytest.mark.parametrize(
    ("head", "path"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", "/livez"),
        (b"GET /metrics?x=1&y HTTP/1.0\r\n\r\n", "/metrics"),
        (b"GET / HTTP/1.1\r\nHost:\r\nX-Y: a b\tc\r\n\r\n", "/"),
    ],
)
def test_a_get_is_read(head: bytes, path: str) -> None:
    assert path_of(head) == path


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /livez HTTP/1.1\r\n\r\n", 405),
        (b"HEAD /livez HTTP/1.1\r\n\r\n", 405),
        (b"get /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET livez HTTP/1.1\r\n\r\n", 400),
        (b"GET http://x/livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/2.0\r\n\r\n", 400),
        (b"GET /livez\r\n\r\n", 400),
        (b"GET  /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\nHost: x\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n folded\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /" + b"a" * HEAD_MAX + b" HTTP/1.1\r\n\r\n", 431),
    ],
)
def test_anything_else_is_refused(head: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as refused:
        path_of(head)
    assert refused.value.status == status


@given(st.binary(max_size=64))
def test_no_bytes_do_anything_else(head: bytes) -> None:
    try:
        told = path_of(head)
    except BadRequest as error:
        told = f"/{error.status}"
    assert told.startswith("/")


def test_an_answer_says_how_long_it_is_and_that_it_is_the_last() -> None:
    told = encode(Answer(HTTPStatus.SERVICE_UNAVAILABLE, "é\n")).partition(b"\r\n\r\n")
    assert told[0].startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nContent-Length: 3\r\n" in told[0]
    assert told[0].endswith(b"\r\nConnection: close")
    assert told[2] == "é\n".encode()
    assert b"\r\nAllow: GET\r\n" in encode(Answer(HTTPStatus.METHOD_NOT_ALLOWED, ""))
