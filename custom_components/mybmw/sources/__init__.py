"""Where cars come from: what every source of vehicles offers and the four ways in which it can fail.

Nothing in here knows a particular cloud or Home Assistant.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from ..vehicle import Brand, ChargingHistory, Command, Outcome, Picture, Step, Vehicle, View

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
"""A decoded JSON document."""

type Credentials = Mapping[str, Json]
"""What a source needs to be let in again. Only the source reads it; whoever keeps it, keeps it secret and whole."""

type KeepCredentials = Callable[[Credentials], Awaitable[None]]
"""Stores new credentials; has done so when it returns, and raises OSError if it cannot. Called before they are used."""

type Clock = Callable[[], datetime]
"""Tells the time as an aware UTC datetime."""

type OnStep = Callable[[Step], None]
"""Is told how far a command has come, as it comes."""


type OnVehicles = Callable[[Mapping[str, Vehicle]], None]
"""Is told of cars that have changed, by VIN; of none, if only something about the account has."""


class SourceError(Exception):
    """A source could not do what it was asked. The message is safe to log: no secret, no VIN, no position."""


class SignInRequiredError(SourceError):
    """The cloud no longer accepts the credentials: the owner has to sign in again."""


class Refusal(StrEnum):
    """Why a cloud will not let us."""

    BLOCKED = "blocked"
    """It turns away every client that is not its own app."""
    FORBIDDEN = "forbidden"
    """This account may not ask this."""


class NotAllowedError(SourceError):
    """The cloud understood and refused; asking again changes nothing."""

    def __init__(self, message: str, reason: Refusal) -> None:
        """Keep why beside the message."""
        super().__init__(message)
        self.reason = reason


class SlowDownError(SourceError):
    """The cloud has had enough for now: ask nothing more before `until` (aware UTC)."""

    def __init__(self, message: str, until: datetime) -> None:
        """Keep the moment beside the message."""
        super().__init__(message)
        self.until = until


class TryLaterError(SourceError):
    """The cloud or the way to it is out of order for the moment; credentials are still good."""


class UnknownError(TryLaterError):
    """The cloud does not know what it was asked about: the car has left the account, or something is out of order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """What one look at an account brought, by VIN.

    `vehicles` are the cars that answered, `failures` those that belong to the account but could not be read this time,
    `left_out` those that belong to it but were not to be read. A car in none of them is not on the account any more,
    unless it is of one of the `unread_makes`: of these the cloud has not been able to say yet which cars there are.

    Of a source that knows cars without reading them, `shortfall` is why not all could be done that was wanted at once:
    a car is shown as it was known, or it was not found out which cars there are.
    """

    vehicles: Mapping[str, Vehicle] = field(repr=False)
    failures: Mapping[str, SourceError] = field(repr=False)
    left_out: frozenset[str] = field(default=frozenset(), repr=False)
    unread_makes: frozenset[Brand] = frozenset()
    shortfall: SourceError | None = None


class Check(StrEnum):
    """What has to be in order for a source that has to be set up in several places."""

    API = "api"
    """We may ask about cars."""
    STREAM = "stream"
    """We may listen to them."""
    CARS = "cars"
    """There is a car that this account may know of."""
    CONTAINER = "container"
    """What cars are asked about has been agreed on."""
    ALONE = "alone"
    """Nobody else listens in our place."""
    CONNECTION = "connection"
    """We are listening."""
    MESSAGE = "message"
    """Each car has been heard since we began to listen."""


class Verdict(StrEnum):
    """Whether it is."""

    GOOD = "good"
    PENDING = "pending"
    """Not yet, and nothing is wrong with that."""
    BAD = "bad"
    """No, and the owner has to do something about it."""


type Checkup = Mapping[Check, Verdict]
"""What is in order and what is not, in the order in which it has to be put right; empty if there is nothing to it."""

FOUND_BY_ASKING: Final = frozenset({Check.API, Check.CARS, Check.CONTAINER})
"""What of it asking the cloud tells; the rest, listening does."""


class Obstacle(StrEnum):
    """What the newest attempt to listen has failed by, if an owner might be able to remove it."""

    REFUSED = "refused"
    """The cloud lets us not in and does not say why; mostly, somebody else listens in our place."""
    UNREACHABLE = "unreachable"
    """There is no way to where it is told."""
    BUSY = "busy"
    """The cloud lets in nobody, or nobody who comes so often."""
    UNTRUSTED = "untrusted"
    """What answers there cannot prove to be the cloud."""
    NOTHING_SELECTED = "nothing_selected"
    """We are let in, and told nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The questions that a cloud still answers: how many are left, why the last was asked, when there is one more."""

    calls_left: int
    last_reason: str | None = None
    next_frees_at: datetime | None = None


class Source(Protocol):
    """One account in one cloud."""

    @property
    def pushes(self) -> bool:
        """Whether cars are told of as they change, so that how often they are looked at is nobody's business."""
        return False

    @property
    def takes_commands(self) -> bool:
        """Whether there is anything at all that the cloud would ask a car to do."""
        return True

    @property
    def tells_charging_history(self) -> bool:
        """Whether the cloud can be asked what a car has charged."""
        return False

    @property
    def budget(self) -> Budget | None:
        """What may still be asked, if the cloud counts it."""
        return None

    @property
    def checkup(self) -> Checkup:
        """Whether all is in order, as far as is known without asking."""
        return {}

    @property
    def obstacle(self) -> Obstacle | None:
        """What is in the way of listening just now; it may pass by itself, of which `checkup` knows."""
        return None

    @property
    def listening(self) -> Json:
        """How it goes to listen, in the source's own words, for who looks for a fault; nothing secret is in it."""
        return None

    @property
    def is_signed_out(self) -> bool:
        """Whether it is known without asking that only the owner can go on, by signing in again."""
        return False

    def listen(self, on_vehicles: OnVehicles) -> None:
        """Begin to tell of cars as they change, if the source can; until it is closed."""
        del on_vehicles

    @property
    def poll_interval_min(self) -> int:
        """How many minutes to leave between two looks, if the owner has no wish of their own."""
        ...

    @property
    def views(self) -> Collection[View]:
        """The sides from which the cloud has pictures of cars."""
        ...

    async def fetch(self, *, look_for_cars: bool = False, leave_out: Collection[str] = ()) -> Fetch:
        """Read every car of the account but those to leave out (VINs), on which no request is spent.

        Which cars there are is looked up when it is due, or at once with `look_for_cars`.
        Raises a SourceError when the account as a whole could not be read.
        """
        ...

    async def refresh(self, vin: str, *, state_only: bool = False) -> Vehicle:
        """Read one car only.

        With `state_only` no request is spent on how the owner has set it to charge; that is as it was read last.

        Raises a SourceError if it could not be read, a TryLaterError if it is not on the account (any more).
        """
        ...

    async def execute(self, vin: str, command: Command, on_step: OnStep | None = None) -> Outcome:
        """Ask a car to do something, and wait for what becomes of it, for some minutes at most.

        A command is sent once: never again when it was accepted, or when nobody knows whether it was. Cancelling leaves
        one that was sent to its fate. The car should be read by `refresh` afterwards; its report comes some time later.

        Raises an InvalidCommandError if the car does not take such a command, and a SourceError if it was certainly not
        accepted.
        """
        ...

    async def picture(self, vin: str, view: View) -> Picture:
        """How a car of the account looks, seen from one of `views`.

        Raises a SourceError when there is no picture to be had. A refusal is one of the picture alone.
        """
        ...

    async def charging_history(self, vin: str, start: datetime, end: datetime) -> ChargingHistory:
        """What a car of the account has charged between two moments, if the cloud can tell at all.

        Raises a SourceError if it does not. A refusal is one of this question alone.
        """
        del vin, start, end
        message = "This cloud tells nothing of what a car has charged"
        raise NotAllowedError(message, Refusal.FORBIDDEN)

    async def close(self) -> None:
        """Finish what must not be broken off; nothing is asked of the source afterwards."""
        ...

    def recordings(self, vin: str | None = None) -> Json:
        """The cloud's latest answers, made anonymous, for the owner to attach to a report.

        Those about one car; or, without a VIN, those about the account, and about its cars that could never be read.
        """
        ...
