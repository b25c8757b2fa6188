"""The simulated cloud, in a process of its own, at the end of a line: what it costs is nobody's who is measured."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
import json
import sys
from typing import Final

from tests.certified import for_server
from tests.simulator import Simulator

from .fleet import fleet
from .line import HOST, Line

_LIFETIME: Final = timedelta(days=1)
_LONGEST_LINE: Final = 2**20
_UNTIL_NOTICED_S: Final = 0.2
"""After that, everybody has noticed that a connection is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarCloud:
    """A cloud that runs in another process: where it is, and what lets its customer in."""

    url: str
    access_token: str
    refresh_token: str
    gcid: str
    process: asyncio.subprocess.Process

    async def asked(self) -> int:
        """How many requests there were since somebody asked last.

        Connections that nobody uses are closed, as they are between two polls in life.
        """
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"\n")
        requests = int(await self.process.stdout.readline())
        await asyncio.sleep(_UNTIL_NOTICED_S)
        return requests


@asynccontextmanager
async def far_cloud(cars: int, latency_ms: int) -> AsyncGenerator[FarCloud]:
    """A cloud with so many cars, so far away."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __spec__.name, str(cars), str(latency_ms)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield FarCloud(**json.loads(await process.stdout.readline()), process=process)
    finally:
        process.stdin.close()
        await process.wait()


async def _run(cars: int, latency_ms: int) -> None:
    async with Simulator(cars=fleet(cars), access_lifetime=_LIFETIME) as cloud:
        tls, line = Line(tls=for_server()), Line(latency_s=latency_ms / 1000)
        port = await line.open(await tls.open(int(cloud.url.rpartition(":")[2])))
        account = next(account for account in cloud.accounts if account.region == "row")
        tokens = cloud.accounts.admit(account)
        told = {
            "url": f"https://{HOST}:{port}",
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "gcid": account.gcid,
        }
        _say(json.dumps(told))
        while await asyncio.to_thread(sys.stdin.readline):
            line.cut()
            _say(str(len(cloud.requests)))
            cloud.requests.clear()
        await line.close()
        await tls.close()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (whoever started this process reads it)


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2])))
