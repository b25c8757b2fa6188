"""Requests of `httpx` over connections of `aiohttp`: as they are, once, and honest about who may have heard them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
import socket
import ssl
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources.transport import PlainClient, Transport
from tests.simulator.stream.certificates import Certificates

pytestmark = pytest.mark.usefixtures("socket_enabled")

VIN: Final = "WBA00000000000001"
ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
UNANSWERED: Final = b""
"""Who is told this hears that the server hangs up."""


@dataclass(slots=True)
class Server:
    """Says what it was told to, request by request, and keeps what it hears; a connection at a time is one number."""

    answers: list[bytes]
    scheme: str = "http"
    port: int = 0
    heard: list[tuple[int, bytes]] = field(default_factory=list)
    connections: int = 0
    is_left: asyncio.Event = field(default_factory=asyncio.Event)
    hang_up: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Where it is, and something that nobody else is to know."""
        return f"{self.scheme}://127.0.0.1:{self.port}/{VIN}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one connection as long as there is anything to answer with."""
        self.connections += 1
        number = self.connections
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next(
                    (int(line[16:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")), 0
                )
                self.heard.append((number, head + await reader.readexactly(size)))
                answer = self.answers.pop(0)
                if answer == UNANSWERED:
                    self.hang_up()
                    break
                writer.write(answer)
        self.is_left.set()
        writer.close()


@asynccontextmanager
async def server(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    """A server that has these answers, one for each request."""
    it = Server([*answers], scheme="https" if tls else "http")
    listening = await asyncio.start_server(it.serve, "127.0.0.1", 0, ssl=tls)
    it.port = listening.sockets[0].getsockname()[1]
    it.hang_up = listening.close
    yield it
    listening.close()


@pytest.fixture
async def transport() -> AsyncGenerator[Transport]:
    async with Transport(ssl.create_default_context()) as transport:
        yield transport


def request(url: str, method: str = "GET", timeout_s: float = 30) -> httpx.Request:
    """A request that has patience for so long, at each step."""
    return httpx.Request(method, url, extensions={"timeout": httpx.Timeout(timeout_s).as_dict()})


async def said(transport: Transport, asked: httpx.Request) -> bytes:
    """What comes back."""
    response = await transport.handle_async_request(asked)
    try:
        return await response.aread()
    finally:
        await response.aclose()


@pytest.mark.parametrize(
    ("ask", "method", "rest"),
    [
        (
            lambda url: httpx.Request("GET", url, headers={"X-Up": "1", "accept": "*/*"}),
            b"GET",
            b"X-Up: 1\r\naccept: */*",
        ),
        (lambda url: httpx.Request("GET", url, headers=[("a", "1"), ("a", "2")]), b"GET", b"a: 1\r\na: 2"),
        (lambda url: httpx.Request("GET", url, cookies={"sso": "1"}), b"GET", b"Cookie: sso=1"),
        (lambda url: httpx.Request("POST", url), b"POST", b"Content-Length: 0"),
        (lambda url: httpx.Request("DELETE", url), b"DELETE", b"Content-Length: 0"),
        (
            lambda url: httpx.Request("POST", url, data={"a": "b c"}),
            b"POST",
            b"Content-Length: 5\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=b+c",
        ),
    ],
    ids=["headers", "header twice", "cookies", "empty", "nothing", "form"],
)
async def test_what_is_sent_is_what_is_asked(
    transport: Transport, ask: Callable[[str], httpx.Request], method: bytes, rest: bytes
) -> None:
    async with server(ANSWER) as cloud:
        assert await said(transport, ask(f"{cloud.url}/%2F?a=%20b+c&d=%3D")) == b"hi"
    [(_, heard)] = cloud.heard
    head = b"%s /%s/%%2F?a=%%20b+c&d=%%3D HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % (method, VIN.encode(), cloud.port)
    assert heard.removesuffix(b"\r\n\r\n") == head + rest


async def test_nothing_is_kept_but_the_connection(
    transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    setting = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nset-cookie: sso=1\r\ncontent-length: 0\r\n\r\n"
    async with server(setting, ANSWER) as cloud:
        response = await transport.handle_async_request(request(cloud.url))
        assert (response.status_code, response.headers["set-cookie"]) == (302, "sso=1")
        assert await response.aread() == b""
        assert await said(transport, request(cloud.url)) == b"hi"
    assert cloud.heard[0] == cloud.heard[1], "neither redirected nor with a cookie, over the same connection"


async def test_what_is_not_read_to_the_end_is_hung_up_on(transport: Transport) -> None:
    async with server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", ANSWER) as cloud:
        response = await transport.handle_async_request(request(cloud.url))
        await response.aclose()
        assert await said(transport, request(cloud.url)) == b"hi"
    assert [number for number, _ in cloud.heard] == [1, 2]


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
@pytest.mark.parametrize("is_gone", [False, True], ids=["hangs up", "is gone then"])
async def test_a_connection_that_was_kept_too_long_is_no_reason_to_send_again(
    transport: Transport, method: str, *, is_gone: bool
) -> None:
    """Nor, where the second attempt would find nobody, to say that it was never sent."""
    async with server(ANSWER, UNANSWERED, ANSWER) as cloud:
        if not is_gone:
            cloud.hang_up = lambda: None
        await said(transport, request(cloud.url))
        with pytest.raises(httpx.ReadError):
            await said(transport, request(cloud.url, method))
        await asyncio.sleep(0)
    assert [number for number, _ in cloud.heard] == [1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        UNANSWERED,
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a" * 100_000 + b": b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense",
    ],
    ids=["none", "nonsense", "name of a header", "header", "chunks"],
)
async def test_an_answer_that_is_none(transport: Transport, answer: bytes) -> None:
    async with server(answer) as cloud:
        with pytest.raises(httpx.ReadError) as raised:
            await said(transport, request(cloud.url))
    assert VIN not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)


async def test_an_answer_that_is_cut_off(transport: Transport) -> None:
    async with server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", UNANSWERED) as cloud:
        response = await transport.handle_async_request(request(cloud.url))
        [reader] = [task for task in asyncio.all_tasks() if "serve" in repr(task)]
        reader.cancel()
        with pytest.raises(httpx.ReadError):
            await response.aread()


async def test_long_headers_are_read(transport: Transport) -> None:
    async with server(b"HTTP/1.1 200 OK\r\na: " + b"b" * 60_000 + b"\r\ncontent-length: 2\r\n\r\nhi") as cloud:
        assert len((await transport.handle_async_request(request(cloud.url))).headers["a"]) == 60_000


async def test_patience_with_an_answer_ends(transport: Transport) -> None:
    async with server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", b"\r\n") as cloud:
        response = await transport.handle_async_request(request(cloud.url, timeout_s=0.05))
        with pytest.raises(httpx.ReadTimeout):
            await response.aread()
        await response.aclose()
        with pytest.raises(httpx.ReadTimeout):
            await said(transport, request(cloud.url, timeout_s=0.05))


async def test_patience_with_a_connection_ends(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(httpx.ConnectTimeout) as raised:
        await said(transport, request(f"https://127.0.0.1:{silent.getsockname()[1]}/{VIN}", timeout_s=0.05))
    assert VIN not in str(raised.value)


def trusting(certificates: Certificates) -> ssl.SSLContext:
    """Who trusts an authority of ours."""
    return ssl.create_default_context(cafile=certificates.ca_file)


async def test_a_server_that_proves_itself_is_asked(tmp_path: Path) -> None:
    """Over one connection as long as it is kept; and whoever goes says good-bye."""
    certificates = Certificates(tmp_path)
    async with server(ANSWER, ANSWER, tls=certificates.for_server()) as cloud:
        async with Transport(trusting(certificates)) as transport:
            assert await said(transport, request(cloud.url)) == b"hi"
            assert await said(transport, request(cloud.url, "POST")) == b"hi"
            assert [number for number, _ in cloud.heard] == [1, 1]
            assert not cloud.is_left.is_set()
        async with asyncio.timeout(30):
            await cloud.is_left.wait()


@pytest.mark.parametrize("is_known", [False, True], ids=["of an authority nobody knows", "of another host"])
async def test_a_server_that_shows_a_certificate_that_is_not_its_own_hears_nothing(
    tmp_path: Path, *, is_known: bool
) -> None:
    # The server's loop would complain of such a client.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    certificates = Certificates(tmp_path, "127.0.0.2" if is_known else "127.0.0.1")
    trusted = trusting(certificates) if is_known else ssl.create_default_context()
    async with server(ANSWER, tls=certificates.for_server()) as cloud:
        async with Transport(trusted) as transport:
            with pytest.raises(httpx.ConnectError) as raised:
                await said(transport, request(cloud.url))
            assert VIN not in str(raised.value)
            assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)
            assert cloud.heard == []
        gullible = trusting(certificates)
        gullible.check_hostname = False
        async with Transport(gullible) as transport:
            assert await said(transport, request(cloud.url)) == b"hi", "it is there, and has an answer"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "com.bmw.connected://oauth"])
async def test_where_nobody_is(transport: Transport, url: str) -> None:
    with pytest.raises(httpx.ConnectError) as raised:
        await said(transport, request(url))
    assert "127" not in str(raised.value)


async def test_a_plain_client_does_as_it_is_told(transport: Transport) -> None:
    found = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nset-cookie: sso=1\r\ncontent-length: 2\r\n\r\nhi"
    async with server(found, found) as cloud, PlainClient(transport) as http:
        streamed = await http.send(request(cloud.url), stream=True)
        assert not streamed.is_stream_consumed
        assert await streamed.aread() == b"hi"
        whole = await http.send(request(cloud.url), auth=("a", "b"), follow_redirects=True)
        assert (whole.status_code, whole.content, str(whole.url)) == (302, b"hi", cloud.url)
        assert cloud.heard[0] == cloud.heard[1], "nothing is added, and nothing kept but the connection"
        assert not http.cookies
    with pytest.raises(RuntimeError):
        await transport.handle_async_request(request(cloud.url))
