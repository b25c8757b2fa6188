"""The demo as a process, as somebody would start it in a terminal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import logging
from pathlib import Path
import socket
from typing import Final

_LOGGER = logging.getLogger(__name__)

DEMO: Final = Path(__file__).parent.parent / "scripts" / "demo"
READY_WITHIN_S: Final = 150
"""Mostly for a first start, which has to install Home Assistant; otherwise it is ready in twenty seconds."""
STOPS_WITHIN_S: Final = 60


def free_port() -> int:
    """A port that is free, at least for now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@asynccontextmanager
async def demo(*arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A demo under way; never left running, whatever happens."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(DEMO, *arguments, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOPS_WITHIN_S):
            await process.wait()


async def said(process: asyncio.subprocess.Process, until: str = "") -> str:
    """What the demo says, up to a line that contains `until` or to its end."""
    assert process.stdout
    lines = []
    async for line in process.stdout:
        lines.append(line.decode())
        _LOGGER.info("%s", lines[-1].rstrip())  # to be read if what we wait for never comes
        if until and until in lines[-1]:
            break
    return "".join(lines)
