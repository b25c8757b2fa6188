"""What a cloud sends is read within limits, and no answer shows what is in it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import contextlib
import gzip
from itertools import batched
import tracemalloc
from typing import Final, override
import zlib

import httpx
import pytest

from custom_components.mybmw.sources import SourceError, TryLaterError, exchange as exchange_module
from custom_components.mybmw.sources.exchange import LARGEST_BODY, Answer, exchange

from .mybmw.cloud import Stream

URL: Final = "https://cocoapi.bmwgroup.com/eadrax-vcs/v4/vehicles/state"


class Flood(httpx.AsyncByteStream):
    """An answer that never ends; counts how much of it was taken."""

    def __init__(self, piece: bytes = b"x" * 100_000, *, begin: bytes = b"") -> None:
        self.begin = begin
        self.piece = piece
        self.taken = 0
        self.is_closed = False

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.begin
        while True:
            await asyncio.sleep(0)
            self.taken += len(self.piece)
            yield self.piece

    @override
    async def aclose(self) -> None:
        self.is_closed = True


async def answered(stream: httpx.AsyncByteStream, **headers: str) -> Answer:
    """What comes of it when this is sent."""
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, stream=stream, headers=headers))
    async with httpx.AsyncClient(transport=transport) as http:
        return await exchange(http, httpx.Request("GET", URL))


async def flooded(stream: httpx.AsyncByteStream, **headers: str) -> SourceError:
    """What is raised when more is sent than anybody could want."""
    with pytest.raises(SourceError) as raised:
        await answered(stream, **headers)
    return raised.value


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """See to it that no more memory is needed than a few answers of the largest size take."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 5 * LARGEST_BODY
    finally:
        tracemalloc.stop()


async def test_no_answer_is_read_without_end() -> None:
    flood = Flood()
    assert "too large" in str(await flooded(flood))
    assert flood.taken == LARGEST_BODY + len(flood.piece)
    assert flood.is_closed


async def test_packing_does_not_hide_a_flood() -> None:
    bomb = gzip.compress(bytes(10 * LARGEST_BODY))
    assert len(bomb) < LARGEST_BODY / 100
    with little_memory():
        assert "too large" in str(await flooded(Stream(bomb), **{"content-encoding": "gzip"}))


async def test_what_unpacks_to_nothing_is_not_read_without_end() -> None:
    empty_blocks = b"\x00\x00\x00\xff\xff" * 20_000
    flood = Flood(empty_blocks, begin=gzip.compress(b"")[:10])
    assert "too large" in str(await flooded(flood, **{"content-encoding": "gzip"}))
    assert flood.taken == LARGEST_BODY


async def test_nothing_is_read_after_the_end() -> None:
    flood = Flood(gzip.compress(b"x" * 1000))
    assert "after its end" in str(await flooded(flood, **{"content-encoding": "gzip"}))
    assert flood.taken == 2 * len(flood.piece)


@pytest.mark.parametrize("packing", ["gzip, gzip", "gzip,gzip,gzip", "br", "deflate", "zstd", "identity, gzip", "x"])
async def test_only_one_way_of_packing_is_read(packing: str) -> None:
    bomb = gzip.compress(gzip.compress(gzip.compress(bytes(10 * LARGEST_BODY))))
    assert len(bomb) < 1000
    with little_memory():
        assert "nobody asked for" in str(await flooded(Stream(bomb), **{"content-encoding": packing}))


@pytest.mark.parametrize(
    ("packing", "body"),
    [
        ("gzip", gzip.compress(b'{"a":1}')),
        (" GZip ", gzip.compress(b'{"a":1}')),
        ("identity", b'{"a":1}'),
        ("Identity", b'{"a":1}'),
        ("", b'{"a":1}'),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_what_is_packed_is_unpacked(packing: str, body: bytes, step: int) -> None:
    pieces = (bytes(piece) for piece in batched(body, step, strict=False))
    assert (await answered(Stream(*pieces), **{"content-encoding": packing})).document() == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [b"", gzip.compress(b'{"a":1}')[:-12], b'{"a":1}', zlib.compress(b'{"a":1}'), gzip.compress(b"{}")[:-8] + bytes(8)],
    ids=["nothing", "cut off", "not packed", "packed otherwise", "changed on the way"],
)
async def test_what_cannot_be_unpacked_passes(body: bytes) -> None:
    with pytest.raises(TryLaterError):
        (await answered(Stream(body), **{"content-encoding": "gzip"})).document()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_an_answer_as_large_as_allowed_is_read(pack: Callable[[bytes], bytes]) -> None:
    packing = {"content-encoding": "gzip" if pack is gzip.compress else "identity"}
    assert len((await answered(Stream(pack(bytes(LARGEST_BODY))), **packing)).body) == LARGEST_BODY
    assert "too large" in str(await flooded(Stream(pack(bytes(LARGEST_BODY + 1))), **packing))


async def test_nobody_keeps_us_waiting_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "TIMEOUT_S", 0.05)
    flood = Flood(b"")
    assert "TimeoutError" in str(await flooded(flood))
    assert flood.is_closed


def an_answer(response: httpx.Response) -> Answer:
    """The answer that comes of this response."""
    return Answer(status=response.status_code, headers=response.headers, body=response.content)


def test_a_field_that_is_not_there_is_none() -> None:
    answer = an_answer(httpx.Response(200, json={"a": {"b": 5}, "c": "text"}))
    assert answer.field("a", "b") == 5
    assert answer.field("a", "x") is answer.field("c", "x") is answer.field("x", "x") is None
    assert answer.text("a", "b") == answer.text("x") == ""
    assert an_answer(httpx.Response(200, text="<html>")).field("a") is None


def test_an_answer_is_parsed_once() -> None:
    answer = an_answer(httpx.Response(200, json={"a": {"b": 5}}))
    assert answer.field("a") is answer.field("a")
    document = answer.document()
    assert isinstance(document, dict)
    assert document["a"] is answer.field("a")


def test_an_answer_does_not_show_what_it_says() -> None:
    answer = an_answer(httpx.Response(200, json={"a": "secret"}, headers={"set-cookie": "secret"}))
    assert "secret" not in repr(answer)
    assert answer.text("a") == "secret"
    assert "secret" not in repr(answer)


async def test_cookies_that_cannot_be_sent_back_are_not_taken() -> None:
    cookies = httpx.Cookies()
    headers = [(b"set-cookie", b"good=1"), (b"set-cookie", b"bad=\xe2\x82\xac"), (b"set-cookie", b"\xc3\xbc=1")]
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, headers=headers, stream=Stream(b"")))
    async with httpx.AsyncClient(transport=transport) as http:
        await exchange(http, httpx.Request("POST", URL), cookies)
    assert httpx.Request("POST", URL, cookies=cookies).headers["cookie"] == "good=1"
