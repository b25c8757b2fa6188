"""What an owner is told when a command, or a look at the cars, comes to nothing: the only place that knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .moments import local_minute
from .sources import (
    FOUND_BY_ASKING,
    Checkup,
    NotAllowedError,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    UnknownError,
    Verdict,
)
from .sources.pauses import Pause
from .troubles import cause_of
from .vehicle import Fate, InvalidCommandError, Outcome

CAR_UNKNOWN: Final = "car_unknown"
"""Why a command was not sent to a car that the cloud does not know any more, in a word for automations."""

TOO_LATE: Final = "too_late"
"""Why a command was not sent for which too many others had to be waited for, in a word for automations."""


def name_of(err: SourceError) -> str:
    """What kept a command from being sent, in a word for automations; also part of a translation key."""
    match err:
        case SignInRequiredError():
            return "sign_in_required"
        case UnknownError():
            return CAR_UNKNOWN
        case _:
            return cause_of(err).value


def complaint_of(err: SourceError | InvalidCommandError, pause: Pause | None) -> HomeAssistantError:
    """What to raise for a command that was certainly not taken; `pause` is how long nothing more will be sent."""
    if isinstance(err, InvalidCommandError):
        return ServiceValidationError(
            translation_domain=DOMAIN, translation_key=f"flaw_{err.flaw}", translation_placeholders=err.details
        )
    until = err.until if isinstance(err, SlowDownError) else pause.until if pause else dt_util.utcnow()
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=f"command_{name_of(err)}",
        translation_placeholders={"error": str(err), "until": local_minute(until)},
    )


@contextmanager
def explaining_flaws() -> Iterator[None]:
    """Tell the owner what is wrong with a command that is being made.

    Raises:
        ServiceValidationError: It makes no sense.
    """
    try:
        yield
    except InvalidCommandError as err:
        raise complaint_of(err, None) from err


def complaint_about(outcome: Outcome) -> HomeAssistantError | None:
    """What to raise for a command that was taken, or was not worth sending; None if there is nothing to say."""
    if outcome.fate is Fate.EXECUTED:
        return None
    key = f"command_{outcome.fate}_{outcome.reason}" if outcome.reason else f"command_{outcome.fate}"
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=f"{key}_words" if outcome.words else key,
        translation_placeholders={"words": outcome.words} if outcome.words else None,
    )


def interrupted(*, is_sent: bool) -> HomeAssistantError:
    """What to raise when the account is taken down before a command has come to its end."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="command_left_alone" if is_sent else "command_not_sent"
    )


def too_late() -> HomeAssistantError:
    """What to raise for a command whose turn came when nobody may want it any more."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=f"command_{TOO_LATE}")


def read_only() -> ServiceValidationError:
    """What to raise when an owner has chosen that nothing is to be sent at all."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="command_read_only")


def only_tells() -> ServiceValidationError:
    """What to raise when the cloud that an account is reached by takes no commands."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="command_source_only_tells")


def car_gone() -> HomeAssistantError:
    """What to raise when the car has left the account."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="command_car_gone")


def calls_used_up(until: datetime) -> HomeAssistantError:
    """What to raise for something that takes a call when none is left for it; what takes none goes on."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="calls_used_up",
        translation_placeholders={"until": local_minute(until)},
    )


def nothing_new(err: SourceError | None, checkup: Checkup) -> HomeAssistantError:
    """What to raise for a look that brought nothing; `err` is why, None if that is a bug's or the disk's secret.

    Whoever is refused looks into the account's checkup, if it knows of anything that asking is refused for.
    """
    match err:
        case None:
            key = "refresh_broken"
        case SlowDownError():
            return calls_used_up(err.until)
        case NotAllowedError():
            is_explained = any(checkup.get(check) is Verdict.BAD for check in FOUND_BY_ASKING)
            key = "refresh_refused_checkup" if is_explained else "refresh_refused"
        case _:
            key = "refresh_failed"
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"error": str(err)} if err else None,
    )


def sign_in_first() -> HomeAssistantError:
    """What to raise for a look that takes a new sign-in."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="sign_in_required")
