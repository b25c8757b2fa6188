"""A line to a server: TLS at its end, and as long as wanted.

A connection takes a round trip to come about, and every word half of one each way; so it is with BMW's servers, too.
"""

import asyncio
from collections.abc import Callable
import ssl
from typing import Final

HOST: Final = "127.0.0.1"
_PIECE: Final = 65_536


class Line:
    """What listens on 127.0.0.1 and passes everything on to a port there, and back.

    `latency_s` is what a round trip takes, `tls` what is shown to those who connect.
    """

    def __init__(self, *, latency_s: float = 0, tls: ssl.SSLContext | None = None) -> None:
        """Listen nowhere yet."""
        self._latency_s = latency_s
        self._tls = tls
        self._to = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, to: int) -> int:
        """Begin to pass on to a port; returns the port that listens."""
        self._to = to
        self._server = await asyncio.start_server(self._serve, HOST, 0, ssl=self._tls, backlog=1000)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Break all connections."""
        for writer in [*self._writers]:
            writer.transport.abort()

    async def close(self) -> None:
        """Break all connections, and let nobody in any more."""
        if self._server:
            self._server.close()
        self.cut()
        if self._server:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._to)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        try:
            await asyncio.gather(
                self._pass_on(reader, far_writer, opens_after_s=self._latency_s),
                self._pass_on(far_reader, writer),
            )
        except OSError:
            pass  # somebody has hung up
        finally:
            self._writers -= {writer, far_writer}
            for each in (writer, far_writer):
                each.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, opens_after_s: float = 0
    ) -> None:
        """Have everything arrive as late as the line is long, in its order."""
        loop = asyncio.get_running_loop()
        due = loop.time() + opens_after_s
        do: Callable[[], object]
        while piece := await reader.read(_PIECE):
            due = max(due, loop.time()) + 1e-6
            do = _writes(writer, piece)
            if self._latency_s:
                loop.call_at(due + self._latency_s / 2, do)
            else:
                do()
        if self._latency_s:
            loop.call_at(due + self._latency_s / 2, writer.close)
            await asyncio.sleep(self._latency_s)
        else:
            writer.close()


def _writes(writer: asyncio.StreamWriter, piece: bytes) -> Callable[[], object]:
    return lambda: None if writer.transport.is_closing() else writer.write(piece)
