"""HTTP for one question: a bounded, strict reader of a request's head, and the bytes of an answer.

Owns what is understood: GET, a path, at most 1 KiB. No body is ever read, and a connection takes
one request. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

HEAD_MAX = 1024
END = b"\r\n\r\n"
_LINE = re.compile(rb"([A-Z]{1,16}) (/[\x21-\x7e]*) HTTP/1\.[01]")
_FIELD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class BadRequest(Exception):  # noqa: N818 - says what is
    """A request that is not answered: the status says why."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    body: str
    content_type: str = "text/plain; charset=utf-8"


def path_of(head: bytes) -> str:
    """The path that a request asks for, without its query. `head` ends with an empty line.

    Raises:
        BadRequest: it is no GET, or not well formed.
    """
    if len(head) > HEAD_MAX:
        text = f"the head may have {HEAD_MAX} bytes"
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text)
    if not head.endswith(END):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "the head does not end")
    line, *fields = head.removesuffix(END).split(b"\r\n")
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "not a request line: GET /path HTTP/1.1")
    if found[1] != b"GET":
        raise BadRequest(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is allowed")
    if not all(_FIELD.fullmatch(each) for each in fields):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "not a header field: Name: value")
    return found[2].partition(b"?")[0].decode("ascii")


def encode(answer: Answer) -> bytes:
    """An answer's bytes; the connection closes behind them."""
    body = answer.body.encode()
    status = HTTPStatus(answer.status)
    allow = "Allow: GET\r\n" if status is HTTPStatus.METHOD_NOT_ALLOWED else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"{allow}"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
