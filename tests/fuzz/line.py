"""The two ways to ask a cloud that is played in this process: straight, or over a socket by the client of accounts."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http import HTTPStatus
import ssl
from typing import Final, override

import httpx

from custom_components.mybmw.sources.transport import PlainClient, Transport

from .watch import Finding

type Connect = Callable[[httpx.AsyncBaseTransport], httpx.AsyncClient]
"""A client that asks what is played."""

type Line = Callable[[], AbstractAsyncContextManager[Connect]]
"""One of the two ways."""

_LARGEST_HEAD: Final = 1_000_000
_LENGTH: Final = b"content-length"
_LONGEST_LENGTH: Final = 10

# What the play raises where an answer is to be lost.
_LOST: Final = (httpx.HTTPError, OSError, RuntimeError, ValueError)

_BEGINNINGS: Final = (
    b"",
    b"HTTP/1.1 2",
    b"HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n{",
    b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[",
    b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
)
"""What is all that comes of an answer that is lost."""


@asynccontextmanager
async def straight() -> AsyncGenerator[Connect]:
    """Without a wire."""
    yield lambda played: httpx.AsyncClient(transport=played)


@asynccontextmanager
async def over_a_socket() -> AsyncGenerator[Connect]:
    """Over real connections, on which the last that was connected is played."""
    server = _Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=_LARGEST_HEAD)
    port = listening.sockets[0].getsockname()[1]
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # there is no TLS on this line

    def connect(played: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
        server.play(played)
        return PlainClient(_Led(server, port, trusted))

    try:
        yield connect
    finally:
        listening.close()
        listening.abort_clients()
        await listening.wait_closed()


class _Server:
    """Says what is played as it is, byte by byte, and hangs up where an answer is lost or has no proper end."""

    def __init__(self) -> None:
        self.play(httpx.MockTransport(lambda _request: httpx.Response(404)))

    def play(self, played: httpx.AsyncBaseTransport) -> None:
        """Answer with this from now on; `heard` is how many requests came since."""
        self._played = played
        self.heard = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            is_kept = True
            while is_kept:
                request = await _heard(reader)
                self.heard += 1
                try:
                    answer = await self._played.handle_async_request(request)
                    body = b"".join([piece async for piece in answer.aiter_raw()])
                except _LOST:
                    writer.write(_BEGINNINGS[self.heard % len(_BEGINNINGS)])
                    break
                head, body, is_framed = _framed(answer.headers.raw, body)
                writer.write(b"HTTP/1.1 %d \r\n%s\r\n" % (answer.status_code, head))
                await asyncio.sleep(0)
                writer.write(body)
                await writer.drain()
                is_kept = is_framed and answer.status_code >= HTTPStatus.OK
        writer.close()


class _Led(Transport):
    """Leads all requests to this machine, whatever host they are for."""

    def __init__(self, server: _Server, port: int, trusted: ssl.SSLContext) -> None:
        super().__init__(trusted)
        self._server = server
        self._port = port
        self._sent = 0

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._sent += 1
        here = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        led = httpx.Request(request.method, here, headers=request.headers, content=request.content)
        led.extensions = request.extensions
        return await super().handle_async_request(led)

    @override
    async def aclose(self) -> None:
        """Hang up.

        Raises:
            Finding: More was heard than was sent.
        """
        await super().aclose()
        if self._server.heard > self._sent:
            message = "the client sent a request twice"
            raise Finding(message)


async def _heard(reader: asyncio.StreamReader) -> httpx.Request:
    """The next request."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).rstrip().split(b"\r\n")
    method, target, _version = first.decode("ascii").split(" ")
    headers = httpx.Headers([(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)])
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return httpx.Request(method, f"https://{headers['host']}{target}", headers=headers, content=body)


def _framed(headers: Sequence[tuple[bytes, bytes]], body: bytes) -> tuple[bytes, bytes, bool]:
    """Headers and body with an end that can be told, unless something else was made of it.

    A length may be that of the body before it was changed. Without any, the body goes in chunks.
    """
    names = [name.lower() for name, _ in headers]
    lengths = [value for name, value in zip(names, (value for _, value in headers), strict=True) if name == _LENGTH]
    is_framed = b"transfer-encoding" not in names and not any(map(_is_odd, lengths))
    lines = [b"%s: %s\r\n" % (name, value) for name, value in headers if not (is_framed and name.lower() == _LENGTH)]
    if is_framed and lengths:
        lines.append(b"Content-Length: %d\r\n" % len(body))
    elif is_framed:
        lines.append(b"Transfer-Encoding: chunked\r\n")
        body = b"".join(_chunks(body))
    return b"".join(lines), body, is_framed


def _is_odd(length: bytes) -> bool:
    return not length.isdigit() or len(length) > _LONGEST_LENGTH


def _chunks(body: bytes) -> Iterator[bytes]:
    middle = len(body) // 3
    for piece in (body[:middle], body[middle:]):
        if piece:
            yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
