"""The private file of one account: what lets us in, how long to wait, and which cars there are.

BMW replaces the sign-in again and again and voids the one before, so a new one is on disk before it is used, and only
one process works with a file at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
import fcntl
import os
from pathlib import Path
import stat
import tempfile
from typing import Final, Self

import orjson

from ..sources import Credentials, Json, Refusal
from ..sources.fields import DEEPEST_KEPT, is_shallow
from ..sources.pauses import Pause
from .exits import Exit, StopError

_VERSION: Final = 1
_PATIENCE_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.1
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(slots=True, kw_only=True)
class Store:
    """What is kept of an account. Every change is on disk when the call returns.

    During its `pause` nothing is asked, during its `commands_pause` no command is sent.
    """

    path: Path
    settings: dict[str, str] = field(default_factory=dict, repr=False)
    credentials: dict[str, Json] = field(default_factory=dict, repr=False)
    must_sign_in: bool = False
    pause: Pause | None = None
    commands_pause: Pause | None = None
    vins: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path) -> AsyncIterator[Self]:
        """Open the file of an account for ourselves; one that does not exist yet is empty.

        Raises:
            StopError: It cannot be used, others may read it, or another process keeps it for too long.
        """
        path, lock = _with_lock(path)
        try:
            await _take(lock, path)
            yield cls._load(path)
        finally:
            os.close(lock)

    async def keep(self, credentials: Credentials) -> None:
        """Replace the credentials.

        Raises:
            OSError: They are not on disk.
        """
        self.credentials = dict(credentials)
        self._save()

    def sign_in(self, settings: Mapping[str, str], credentials: Credentials) -> None:
        """Become the file of this account; who is let in anew is not refused any more, but a quota stays empty."""
        if self.pause and self.pause.refusal:
            self.pause = None
        self.commands_pause = None
        self.settings, self.credentials, self.must_sign_in = dict(settings), dict(credentials), False
        self.save()

    def end_sign_in(self) -> None:
        """Note that only the owner can get in again, so that nobody knocks in vain."""
        self.must_sign_in = True
        self.save()

    def begin_pause(self, pause: Pause) -> None:
        """Ask nothing for a while."""
        self.pause = pause
        self.save()

    def begin_commands_pause(self, pause: Pause) -> None:
        """Send no command for a while."""
        self.commands_pause = pause
        self.save()

    def know(self, vins: frozenset[str]) -> None:
        """Remember which cars there are, and that they could be asked about."""
        if self.pause or vins != self.vins:
            self.pause, self.vins = None, vins
            self.save()

    def save(self) -> None:
        """Write the file.

        Raises:
            StopError: It cannot be written.
        """
        try:
            self._save()
        except OSError as err:
            raise _unusable(self.path, err) from err

    def _save(self) -> None:
        """Put a whole new file in place of the old one, so that there never is half a file."""
        document: Json = {
            "version": _VERSION,
            "settings": dict(self.settings),
            "credentials": self.credentials,
            "must_sign_in": self.must_sign_in,
            "pause": _written(self.pause),
            "commands_pause": _written(self.commands_pause),
            "vins": [*sorted(self.vins)],
        }
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @classmethod
    def _load(cls, path: Path) -> Self:
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    message = f"{path} holds secrets and others may read it; chmod 600 it, or sign in anew elsewhere"
                    raise StopError(message, Exit.STORE)
                return cls._read(path, orjson.loads(file.read()))
        except FileNotFoundError:
            return cls(path=path)
        except OSError as err:
            raise _unusable(path, err) from err
        except (KeyError, TypeError, ValueError) as err:
            message = f"{path} is not a store of ours, or damaged; move it away and sign in again"
            raise StopError(message, Exit.STORE) from err

    @classmethod
    def _read(cls, path: Path, document: Json) -> Self:
        """The store that a document describes; raises KeyError, TypeError or ValueError if it describes none."""
        if not isinstance(document, dict) or document["version"] != _VERSION:
            raise ValueError(_VERSION)
        credentials, settings, vins = document["credentials"], document["settings"], document["vins"]
        if not (isinstance(credentials, dict) and isinstance(settings, dict) and isinstance(vins, list)):
            raise TypeError
        if not is_shallow(credentials, DEEPEST_KEPT):
            raise ValueError(DEEPEST_KEPT)
        if not all(isinstance(text, str) for text in (*settings.values(), *vins)):
            raise TypeError
        return cls(
            path=path,
            settings={key: str(value) for key, value in settings.items()},
            credentials=credentials,
            must_sign_in=document["must_sign_in"] is True,
            pause=_pause(document["pause"]),
            commands_pause=_pause(document.get("commands_pause")),
            vins=frozenset(map(str, vins)),
        )


def _written(pause: Pause | None) -> Json:
    if pause is None:
        return None
    return {
        "until": pause.until.isoformat(),
        "since": pause.since.isoformat() if pause.since else None,
        "refusal": pause.refusal,
    }


def _pause(document: Json) -> Pause | None:
    if document is None:
        return None
    if not isinstance(document, dict):
        raise TypeError
    since, refusal = document.get("since"), document["refusal"]
    return Pause(
        until=_moment(document["until"]),
        since=None if since is None else _moment(since),
        refusal=None if refusal is None else Refusal(str(refusal)),
    )


def _moment(text: Json) -> datetime:
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _with_lock(path: Path) -> tuple[Path, int]:
    """Where the file truly is, and the file beside it that is locked, for this one is replaced again and again.

    Raises:
        StopError: There is no place for them.
    """
    try:
        path = path.expanduser().resolve()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path, os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (OSError, RuntimeError) as err:
        raise _unusable(path, err) from err


async def _take(lock: int, path: Path) -> None:
    """Wait until nobody else has the lock.

    Raises:
        StopError: Somebody has it for too long.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not _is_taken(lock):  # noqa: ASYNC110 (it is another process that holds it)
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        message = f"Another command is using {path}; try again when it has ended"
        raise StopError(message, Exit.STORE) from None


def _is_taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(path: Path, err: OSError | RuntimeError) -> StopError:
    reason = err.strerror if isinstance(err, OSError) and err.strerror else type(err).__name__
    return StopError(f"{path} cannot be used: {reason}", Exit.STORE)
