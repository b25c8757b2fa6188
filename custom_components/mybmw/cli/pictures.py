"""How a car looks."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from ..sources import NotAllowedError, Refusal, SignInRequiredError, SlowDownError, SourceError
from ..vehicle import View
from .exits import Exit, StopError
from .session import Session

_ENDINGS: Final[Mapping[str, str]] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


async def save_pictures(session: Session, ending: str | None, views: Collection[View], folder: Path) -> Exit:
    """Save a car's pictures, one file per side, named after car and side.

    Raises:
        StopError: It is not clear which car, or a file cannot be written.
        SourceError: Not one picture is to be had.
    """
    console = session.console
    car = await session.car(ending)
    wanted = [view for view in View if view in (views or session.source.views)]
    missing: list[SourceError] = []
    for view in wanted:
        try:
            async with console.progress(f"asking for {view.value}"):
                picture = await session.source.picture(car.vin, view)
        except SourceError as err:
            if _concerns_all(err):
                raise
            console.say(f"No picture of {view.value}: {err}")
            missing.append(err)
            continue
        path = folder / f"{car.vin}_{view.value}.{_ENDINGS[picture.content_type]}"
        _write(path, picture.content)
        console.answer(str(path))
    if missing and len(missing) == len(wanted):
        raise missing[0]
    return Exit.PARTLY if missing else Exit.DONE


def _concerns_all(err: SourceError) -> bool:
    """Whether the other pictures need not be asked for, either."""
    match err:
        case NotAllowedError():
            return err.reason is Refusal.BLOCKED
        case _:
            return isinstance(err, SignInRequiredError | SlowDownError)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as err:
        message = f"{path} cannot be written: {err.strerror}"
        raise StopError(message, Exit.STORE) from err
