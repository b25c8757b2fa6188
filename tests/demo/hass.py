"""A real Home Assistant as a process: started, watched, and stopped so that nothing is left behind."""

import asyncio
import os
from pathlib import Path
import socket
import sys
from typing import Final, Never

from . import DemoError
from .home import Home

_STAND_INS: Final = Path(__file__).parent / "stand_ins"
_STOPS_WITHIN_S: Final = 30
_RESTART: Final = 100
"""The exit code by which Home Assistant asks to be started again."""
_LAST_LINES: Final = 15


def is_free(port: int) -> bool:
    """Whether a server can be started on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def keep_running(home: Home) -> Never:
    """Run Home Assistant until cancelled, and wait for its end then; it may restart itself.

    Raises DemoError, with the last it had to say, if it ends by itself.
    """
    while True:
        code = await _run(home)
        if code != _RESTART:
            last = home.console.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
            message = "\n".join([f"Home Assistant ended by itself (exit code {code}); it said last:", *last])
            raise DemoError(message)


async def _run(home: Home) -> int:
    # In a session of its own: Ctrl-C is for the demo, which stops Home Assistant first and its cloud after it.
    with home.console.open("wb") as console:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "homeassistant", "--config", str(home.folder), "--skip-pip", "--log-no-color"),
            cwd=home.folder,
            env=os.environ | {"PYTHONPATH": str(_STAND_INS)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(_STOPS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
