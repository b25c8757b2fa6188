"""Having a car do something, and telling honestly what became of it."""

from argparse import Namespace
import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from ..vehicle import (
    ChargingMode,
    Command,
    Fate,
    FindVehicle,
    FlashLights,
    Flaw,
    InvalidCommandError,
    Lock,
    Outcome,
    Position,
    Reason,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    SoundHorn,
    StartCharging,
    StartClimate,
    Step,
    StopCharging,
    StopClimate,
    Unlock,
)
from ..vehicle.effects import SUBJECTS
from .console import Console, printable
from .exits import Exit, StopError
from .geocoder import destination
from .session import Session

_STEPS: Final[Mapping[Step, str]] = {
    Step.SENT: "on its way to BMW",
    Step.ACCEPTED: "BMW has it, the car has not",
    Step.DELIVERED: "the car has it",
}

_REASONS: Final[Mapping[Reason, str]] = {
    Reason.NOT_PLUGGED_IN: "no cable is plugged in, so nothing was sent",
    Reason.NOT_CHARGING: "it is not charging, so nothing was sent",
    Reason.BY_CAR: "the car says so",
    Reason.REFUSED: "BMW did not take it",
    Reason.ANSWER_LOST: "it was sent, and the answer got lost",
    Reason.NOT_TOLD: "BMW has it, and does not tell what became of it",
}

_FATES: Final[Mapping[Fate, str]] = {
    Fate.EXECUTED: "executed",
    Fate.IGNORED: "ignored",
    Fate.FAILED: "failed",
    Fate.TIMED_OUT: "timed out: BMW has it, and the car did not answer; it may still do it",
    Fate.UNKNOWN: "unknown",
}

_FLAWS: Final[Mapping[Flaw, str]] = {
    Flaw.NOT_SUPPORTED: "This car, or its contract, does not allow that",
    Flaw.NOTHING_TO_CHANGE: "There is nothing to change: say what",
    Flaw.TARGET_NOT_OFFERED: "The target is 20 to 100 percent in steps of 5",
    Flaw.AC_LIMIT_IMPOSSIBLE: "A current is a whole number of amperes, 1 to 999",
    Flaw.AC_LIMIT_NOT_OFFERED: "The car does not offer this current",
    Flaw.CHARGING_MODE_NOT_SETTABLE: "Nobody can choose this charging mode",
    Flaw.WINDOW_EMPTY: "The window begins and ends at the same time",
    Flaw.TIME_NOT_IN_MINUTES: "A car's clock knows hours and minutes only",
    Flaw.TIMER_UNKNOWN: "The car does not have this timer",
    Flaw.TIMER_TWICE: "A timer is changed twice",
    Flaw.POSITION_IMPOSSIBLE: "There is no such place",
    Flaw.TEXT_NOT_USABLE: "A text is too long, or not one line of printable characters",
}

_COMMANDS: Final[Mapping[str, Callable[[Namespace], Command]]] = {
    "lock": lambda _: Lock(),
    "unlock": lambda _: Unlock(),
    "lightflash": lambda _: FlashLights(),
    "horn": lambda _: SoundHorn(),
    "vehiclefinder": lambda typed: FindVehicle(observer=_observer(typed)),
    "climate": lambda typed: StartClimate() if typed.action == "start" else StopClimate(),
    "charge": lambda typed: StartCharging() if typed.action == "start" else StopCharging(),
    "chargingsettings": lambda typed: SetChargingSettings(target_percent=typed.target_soc, ac_limit_a=typed.ac_limit),
    "chargingprofile": lambda typed: SetChargingPlan(
        mode=ChargingMode(typed.charging_mode) if typed.charging_mode else None,
        is_pre_entry_climatization_on=None
        if typed.precondition_climate is None
        else typed.precondition_climate == "on",
        window=typed.window,
        timers=tuple(typed.timer),
    ),
    "sendpoi": lambda typed: SendDestination(
        position=Position(latitude=typed.latitude, longitude=typed.longitude),
        name=typed.name,
        street=typed.street,
        house_number=typed.house_number,
        postal_code=typed.postalcode,
        city=typed.city,
        country=typed.country,
    ),
}


async def command_of(typed: Namespace, console: Console) -> Command:
    """The command that was typed, sound and confirmed; addresses are looked up.

    Raises:
        StopError: It makes no sense, is not confirmed, or the address is not found.
    """
    try:
        if typed.command == "sendpoi_from_address":
            return await destination(
                " ".join(typed.address), typed.geocoder or console.setting("MYBMW_GEOCODER"), console, name=typed.name
            )
        command = _COMMANDS[typed.command](typed)
    except InvalidCommandError as err:
        raise flawed(err) from err
    if isinstance(command, Unlock) and not typed.yes:
        console.confirm("Unlock the car?")
    return command


async def give(session: Session, command: Command, ending: str | None) -> Exit:
    """Have the car do it, once, and say what became of it.

    Raises:
        StopError: It is not clear which car, the car does not take the command, BMW blocks commands, or somebody
            stopped waiting for one that was sent.
        SourceError: It was certainly not accepted.
    """
    console = session.console
    session.obey_for_commands()
    car = await session.car(ending)
    what = f"{command.key.replace('_', ' ')}, {car.name}"
    reached: Step | None = None

    async with console.progress(f"{what}: about to be sent") as progress:

        def on_step(step: Step) -> None:
            nonlocal reached
            reached = step
            progress.reach(f"{what}: {_STEPS[step]}")

        try:
            outcome = await session.execute(car.vin, command, on_step)
        except InvalidCommandError as err:
            raise flawed(err) from err
        except asyncio.CancelledError:
            if reached:
                message = f"{what}: {_left_alone(reached, command)}"
                raise StopError(message, Exit.LEFT_ALONE) from None
            raise
    console.answer(f"{what}: {_told(outcome)}")
    if found := outcome.location:
        console.answer(f"{found.latitude:.6f} {found.longitude:.6f} heading {_degrees(found.heading_deg)}")
    return Exit.of_fate(outcome.fate)


def flawed(err: InvalidCommandError) -> StopError:
    """The end of a command that makes no sense."""
    details = "; ".join(f"{name}: {value}" for name, value in err.details.items())
    return StopError(f"{_FLAWS[err.flaw]}{f' ({details})' if details else ''}. Nothing was sent", Exit.USAGE)


def _left_alone(reached: Step, command: Command) -> str:
    """What to say to somebody who stopped waiting for a command that had come so far."""
    who = "it was sent, and BMW may have it" if reached is Step.SENT else _STEPS[reached]
    if command.key in SUBJECTS:
        return f"nobody waits any more; {who}. See in `mybmw status -j` in two minutes whether the car has done it"
    return f"nobody waits any more; {who}. The car never reports this one: look at the car itself"


def _told(outcome: Outcome) -> str:
    """What became of a command, with the codes of the car if it has any."""
    because = f"; {_REASONS[outcome.reason]}" if outcome.reason else ""
    words = f": {printable(outcome.words)}" if outcome.words else ""
    return f"{_FATES[outcome.fate]}{because}{words}"


def _observer(typed: Namespace) -> Position | None:
    if typed.latitude is None:
        return None
    if typed.longitude is None:
        message = "A place takes a latitude and a longitude"
        raise StopError(message, Exit.USAGE)
    return Position(latitude=typed.latitude, longitude=typed.longitude)


def _degrees(heading_deg: int | None) -> str:
    return "unknown" if heading_deg is None else f"{heading_deg}°"
