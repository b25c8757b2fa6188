"""A process that renews the sign-in of an account and is killed on the way: `python -m tests.mortal`.

It imports Home Assistant once. For each line it reads, {"folder", "gcid", "settings", "dies_at"}, it forks; the child
opens the account as Home Assistant does, with the file that is really on the disk and the client that accounts ask
with, looks at it and tells in a line what came of it. The parent tells when the child was killed instead. `Steps` are
where that can be.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
import json
import os
from pathlib import Path
import signal
import ssl
import sys
import traceback
from typing import IO, Final, NoReturn, TypedDict, override

import atomicwrites  # type: ignore[import-untyped] # what Home Assistant writes files with
from homeassistant.core import HomeAssistant
import httpx

import custom_components.mybmw  # noqa: F401 (or the test package's own would be found first)
from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.sources import Credentials, SignInRequiredError, SourceError
from custom_components.mybmw.sources.registry import open_source
from custom_components.mybmw.sources.transport import PlainClient, Transport

KILLED: Final = "killed"
SIGNED_IN: Final = "signed in"
SIGN_IN_AGAIN: Final = "sign in again"

_TOKEN_PATH: Final = "/gcdm/oauth/token"


class Step(StrEnum):
    """Where a renewal is, from its beginning on."""

    BEFORE_REQUEST = "before_request"
    ANSWERED = "answered"
    """BMW has voided the old refresh token, and its answer has begun to arrive."""
    BEFORE_STORE = "before_store"
    HALF_WRITTEN = "half_written"
    WRITTEN = "written"
    """The new file is complete, and the old one still in its place."""
    IN_PLACE = "in_place"
    """The new file has taken the place of the old one."""
    STORED = "stored"
    """The answer has not been used yet."""
    USED = "used"


class Wish(TypedDict):
    """What is asked of the process; it dies nowhere if `dies_at` is empty."""

    folder: str
    gcid: str
    settings: dict[str, str]
    dies_at: str


def _die() -> NoReturn:
    """Be gone at once: nothing is cleaned up, and nothing said."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class _Executioner:
    """Kills this process at a step of the first renewal."""

    def __init__(self, step: str) -> None:
        self._step = step

    def pass_by(self, step: Step) -> None:
        if step == self._step:
            _die()

    def lurk_in_files(self) -> None:
        """Wait where Home Assistant's files are written: first beside the old one, then put in its place."""
        rename: Callable[[str, str], None] = os.rename

        def sync(_writer: object, file: IO[str]) -> None:
            if self._step == Step.HALF_WRITTEN:
                os.truncate(file.name, Path(file.name).stat().st_size // 2)
                _die()

        def replace(source: str, target: str) -> None:
            self.pass_by(Step.WRITTEN)
            rename(source, target)
            self.pass_by(Step.IN_PLACE)

        atomicwrites.AtomicWriter.sync = sync
        atomicwrites.replace_atomic = replace


class _Way(Transport):
    """The way of all requests, with somebody waiting at both of its ends."""

    def __init__(self, executioner: _Executioner) -> None:
        super().__init__(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # there is no TLS on this machine
        self._executioner = executioner

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_renewal = request.url.path == _TOKEN_PATH
        self._executioner.pass_by(Step.BEFORE_REQUEST if is_renewal else Step.USED)
        response = await super().handle_async_request(request)
        if is_renewal:
            self._executioner.pass_by(Step.ANSWERED)
        return response


async def _look(wish: Wish) -> str:
    executioner = _Executioner(wish["dies_at"])
    executioner.lurk_in_files()
    store = AccountStore(HomeAssistant(wish["folder"]), wish["gcid"])
    await store.async_load()

    async def keep(credentials: Credentials) -> None:
        executioner.pass_by(Step.BEFORE_STORE)
        await store.async_keep_credentials(credentials)
        executioner.pass_by(Step.STORED)

    async with PlainClient(_Way(executioner)) as http:
        source = open_source(wish["settings"], store.credentials, http=http, keep=keep, clock=lambda: datetime.now(UTC))
        try:
            await source.fetch()
        except SignInRequiredError:
            return SIGN_IN_AGAIN
        except SourceError as err:
            return f"failed: {err}"
        finally:
            await source.close()
    return SIGNED_IN


def _live_and_die(wish: Wish) -> None:
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        if status:
            _say(KILLED if os.WIFSIGNALED(status) else "failed with a bug")
        return
    try:
        _say(asyncio.run(_look(wish)))
        os._exit(0)
    finally:  # nobody but the parent goes on
        traceback.print_exc()
        os._exit(1)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _main() -> None:
    for line in sys.stdin:
        wish: Mapping[str, object] = json.loads(line)
        _live_and_die(Wish(**wish))  # type: ignore[typeddict-item] # from our own tests


if __name__ == "__main__":
    _main()
