"""From what was typed to what is done, and to an exit code."""

from argparse import Namespace
import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
import getpass
import logging
import os
from pathlib import Path
import signal
import sys
import traceback
from types import TracebackType
from typing import Final

from ..sources import SourceError
from . import arguments
from .console import Console
from .exits import Exit, StopError
from .fingerprint import take
from .orders import command_of, give
from .pictures import save_pictures
from .session import Session
from .sign_in import log_in
from .status import tell
from .store import Store

# What other people's rooms log at their leisure has addresses with VINs in it.
_TALKATIVE: Final = ("httpx", "httpcore", "httpx2", "httpcore2", "asyncio")
_OURS: Final = __name__.removesuffix(".cli.run")


def main(typed: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code."""
    parsed = arguments.parse(sys.argv[1:] if typed is None else typed)
    sys.excepthook = _tell_of_bug
    _set_up_logging(is_debugging=parsed.debug)
    try:
        return asyncio.run(_until_signal(parsed, _terminal()))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes it
        return Exit.UNHEARD


async def run(typed: Namespace, console: Console) -> Exit:
    """Run one command at a console; whatever goes wrong is said there."""
    try:
        async with Store.opened(_store_of(typed, console)) as store:
            return await _run(typed, console, store)
    except StopError as err:
        console.say(str(err))
        return err.code
    except SourceError as err:
        console.say(str(err))
        return Exit.of_error(err)


async def _run(typed: Namespace, console: Console, store: Store) -> Exit:
    if typed.command == "login":
        return await log_in(typed, console, store)
    ending = typed.vin or console.setting("MYBMW_VIN")
    match typed.command:
        case "status":
            async with Session.opened(console, store) as session:
                return tell(await session.look(ending), console, as_json=typed.json)
        case "fingerprint":
            async with Session.opened(console, store) as session:
                return await take(session, typed.folder)
        case "image":
            async with Session.opened(console, store) as session:
                return await save_pictures(session, ending, typed.view or (), typed.folder)
        case _:
            command = await command_of(typed, console)  # first, for what makes no sense is not worth a request
            async with Session.opened(console, store) as session:
                return await give(session, command, ending)


def _store_of(typed: Namespace, console: Console) -> Path:
    """Where the account is kept, if nobody says otherwise where the system keeps a program's state."""
    if named := typed.store or console.setting("MYBMW_STORE"):
        return Path(named)
    return Path(console.setting("XDG_STATE_HOME") or "~/.local/state") / "mybmw" / "account.json"


async def _until_signal(typed: Namespace, console: Console) -> Exit:
    """Run a command; a polite request to end lets it finish what must not be broken off, as Ctrl-C does."""
    task = asyncio.ensure_future(run(typed, console))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return Exit.INTERRUPTED


def _terminal() -> Console:
    return Console(
        out=sys.stdout,
        err=sys.stderr,
        environment=os.environ,
        ask=_interruptible(_line),
        ask_secret=_interruptible(getpass.getpass),
        is_interactive=sys.stdin.isatty() and sys.stderr.isatty(),
        shows_progress=sys.stderr.isatty(),
        clock=lambda: datetime.now(UTC),
    )


def _line(question: str) -> str:
    """What is typed; the question stands beside the answer of the command, which may be going somewhere else."""
    print(question, end="", file=sys.stderr, flush=True)  # noqa: T201
    return input()


def _interruptible(ask: Callable[[str], str]) -> Callable[[str], str]:
    """A question that Ctrl-C ends at once, and the end of the input, too; the event loop would wait for the answer."""

    def _ask(question: str) -> str:
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return ask(question)
        except EOFError:
            return ""
        finally:
            signal.signal(signal.SIGINT, handler)

    return _ask


def _set_up_logging(*, is_debugging: bool) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    if is_debugging:
        logging.getLogger(_OURS).setLevel(logging.DEBUG)


def _tell_of_bug(kind: type[BaseException], _err: BaseException, trace: TracebackType | None) -> None:
    """Say of which kind a bug is and where, but not its words: they might quote a password."""
    print(f"mybmw is broken: {kind.__name__}; please report where:", file=sys.stderr)  # noqa: T201
    print("".join(traceback.format_tb(trace)), file=sys.stderr)  # noqa: T201
