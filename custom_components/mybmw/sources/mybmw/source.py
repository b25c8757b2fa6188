"""A My BMW account as a source of vehicles."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, override

import httpx

from ...vehicle import Command, Fate, FindVehicle, Oddity, Outcome, Picture, SetChargingPlan, Step, Vehicle, View
from .. import (
    Clock,
    Credentials,
    Fetch,
    Json,
    KeepCredentials,
    NotAllowedError,
    OnStep,
    SignInRequiredError,
    Source,
    SourceError,
    TryLaterError,
    UnknownError,
)
from ..anonymize import Anonymizer
from . import questions
from .account import Account
from .build import Answers, build_vehicle
from .client import IN_FLIGHT, Client, Round
from .commands import Commands
from .garage import Car, Garage, is_denial
from .orders import as_changed, order
from .questions import Question
from .sign_in import login_of
from .tokens import TokenKeeper
from .wire import Sleep, Wire

_CARS_AT_A_TIME: Final = 2 * IN_FLIGHT


def open_account(
    settings: Mapping[str, str],
    credentials: Credentials,
    *,
    http: httpx.AsyncClient,
    keep: KeepCredentials,
    clock: Clock,
) -> Source:
    """The source of the account that an owner's settings describe.

    Raises:
        KeyError: A setting is missing.
        ValueError: A setting makes no sense, or requests are redirected to somewhere else than this machine.
    """
    return MyBmwSource(Account.of(settings), credentials, http=http, keep=keep, clock=clock)


class MyBmwSource(Source):
    """One account in BMW's cloud for its app.

    The answers of one look at the account are the only ones a vehicle is built from, with two exceptions: its profile
    hardly ever changes, and charging details that got lost, or were denied, are those of last time for a few rounds.
    They say how the owner has set the car to charge, which seldom changes either, and one such request must not set off
    automations. An oddity tells of it. After a refusal of the account, which may last for days, there are none of
    before.
    """

    def __init__(  # noqa: PLR0913 (all it needs comes from outside)
        self,
        account: Account,
        credentials: Credentials,
        *,
        http: httpx.AsyncClient,
        keep: KeepCredentials,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Ask nothing yet. The HTTP client stays the caller's."""
        wire = Wire(http, clock, sleep)
        self._tokens = TokenKeeper(login_of(account, wire, clock), credentials, keep=keep, clock=clock)
        self._region = account.region
        self._client = Client(account.region, wire, self._tokens, clock)
        self._clock = clock
        self._commands = Commands(self._client, clock, sleep, in_china=account.region.has_shifted_positions)
        self._garage = Garage()
        self._anonymous = Anonymizer(account.username, str(credentials.get("gcid", "")))

    @property
    @override
    def poll_interval_min(self) -> int:
        return self._region.poll_interval_min

    @property
    @override
    def views(self) -> Collection[View]:
        return questions.VIEWS.keys()

    @override
    async def fetch(self, *, look_for_cars: bool = False, leave_out: Collection[str] = ()) -> Fetch:
        try:
            return await self._fetch(look_for_cars=look_for_cars, leave_out=leave_out)
        except SignInRequiredError, NotAllowedError:
            self._garage.distrust()
            raise

    async def _fetch(self, *, look_for_cars: bool, leave_out: Collection[str]) -> Fetch:
        this_round = self._client.begin()
        await self._look_at_lists(this_round, everything=look_for_cars)
        left_out = self._garage.leave_out(leave_out)
        cars = [car for car in self._garage.cars.values() if car.vin not in left_out]
        outcomes = await self._read_all(cars, this_round, with_profiles=look_for_cars)
        fetch = Fetch(
            vehicles={car.vin: outcome for car, outcome in outcomes.items() if isinstance(outcome, Vehicle)},
            failures={car.vin: outcome for car, outcome in outcomes.items() if isinstance(outcome, SourceError)},
            left_out=left_out,
            unread_makes=self._garage.unread_makes,
        )
        if err := _account_failure(this_round, fetch):
            raise err
        return fetch

    @override
    async def picture(self, vin: str, view: View) -> Picture:
        car = self._known(vin)
        return await self._client.ask_for_picture(questions.picture(car.brand, vin, view), self._client.begin())

    @override
    async def refresh(self, vin: str, *, state_only: bool = False) -> Vehicle:
        car = self._known(vin)
        return await self._reread(car, self._client.begin(), state_only=state_only)

    @override
    async def execute(self, vin: str, command: Command, on_step: OnStep | None = None) -> Outcome:
        car = self._known(vin)
        if car.vehicle is None:
            message = "The car has never been read, so nobody knows what it can do"
            raise TryLaterError(message)
        command.check(car.vehicle)
        this_round = self._client.begin(to_order=True)
        # What the car said last may be some minutes old, and somebody has plugged it in since.
        if command.obstacle(car.vehicle):
            car_now = await self._reread(car, this_round, state_only=True)
            if reason := command.obstacle(car_now):
                return Outcome(fate=Fate.IGNORED, ended_at=self._clock(), reason=reason)
        question = order(
            command,
            car,
            gcid=self._tokens.gcid,
            charging=await self._plan_now(car, this_round) if isinstance(command, SetChargingPlan) else None,
            in_china=self._region.has_shifted_positions,
        )
        outcome, event_id = await self._commands.send(question, this_round, on_step or _nobody_is_told)
        if isinstance(command, FindVehicle) and outcome.fate is Fate.EXECUTED and event_id is not None:
            location = await self._commands.find(command, car.brand, event_id)
            car.found = location or car.found
            outcome = replace(outcome, location=location)
        if isinstance(command, SetChargingPlan) and outcome.fate is Fate.EXECUTED:
            car.plan_changes.append((outcome.ended_at, command))
        return outcome

    @override
    async def close(self) -> None:
        await self._tokens.close()

    @override
    def recordings(self, vin: str | None = None) -> Json:
        self._anonymous.learn([*self._garage.cars, *(car_list.answer for car_list in self._garage.lists.values())])
        if vin is not None:
            return self._anonymous(_recording(self._garage.cars[vin])) if vin in self._garage.cars else None
        return self._anonymous(
            {
                "vehicle_lists": {brand.value: car_list.answer for brand, car_list in self._garage.lists.items()},
                "unread_vehicles": [_recording(car) for car in self._garage.cars.values() if car.vehicle is None],
            }
        )

    async def _look_at_lists(self, this_round: Round, *, everything: bool) -> None:
        """Find out which cars there are, as far as it is time to.

        The cars of the lists that can be read are shown whatever happens to the others; only if there is no car at all
        and a list is to blame, nothing can be said of the account.
        """
        now = self._clock()
        brands = self._garage.brands_due(now, everything=everything)
        if brands:
            asked = await _side_by_side(self._attempt(questions.vehicle_list(brand), this_round) for brand in brands)
            if this_round.ended_by:
                raise this_round.ended_by
            self._garage.take_in(dict(zip(brands, asked, strict=True)), now)
        if err := self._garage.why_empty:
            raise err.with_traceback(None)

    async def _read_all(
        self, cars: Collection[Car], this_round: Round, *, with_profiles: bool
    ) -> dict[Car, Vehicle | SourceError]:
        """Read cars, as many at a time as it takes to have something to ask whenever there is room for a request.

        All at once, a thousand cars would keep everybody else waiting only by beginning.
        """
        outcomes: dict[Car, Vehicle | SourceError | None] = dict.fromkeys(cars)
        waiting = iter(cars)

        async def read_on() -> None:
            for car in waiting:
                outcomes[car] = await self._read(car, this_round, with_profile=with_profiles)

        await _side_by_side(read_on() for _ in range(min(_CARS_AT_A_TIME, len(cars))))
        return {car: outcome for car, outcome in outcomes.items() if outcome is not None}

    async def _read(
        self, car: Car, this_round: Round, *, with_profile: bool, state_only: bool = False
    ) -> Vehicle | SourceError:
        """Read a car; all that is known to be worth asking is asked at once.

        With `state_only` the charging details stay those of before, unless it turns out that there are some only now.
        """
        now = self._clock()
        wants_profile, wanted_charging_details = with_profile or car.wants_profile(now), car.has_charging_details
        if not wants_profile and car.profile is None and (err := car.about_profile.error):
            return err
        profile, state, charging = await _side_by_side(
            (
                self._attempt(questions.profile(car.brand, car.vin) if wants_profile else None, this_round),
                self._attempt(questions.state(car.brand, car.vin, now), this_round),
                self._attempt(None if state_only else _about_charging(car, now), this_round),
            )
        )
        if wants_profile:
            car.take_profile(profile, now)
        if not state_only:
            car.take_charging(charging, now)
        if isinstance(state, SourceError):
            return self._not_read(car, state, now)
        if isinstance(profile, SourceError) and car.profile is None:
            return self._not_read(car, profile, now)
        car.state, car.doubted_since = state, None
        vehicle = car.take_vehicle(self._build(car, now))
        if car.has_charging_details is not wanted_charging_details:
            car.take_charging(await self._attempt(_about_charging(car, now), this_round), now)
            vehicle = car.take_vehicle(self._build(car, now))
        return vehicle

    def _known(self, vin: str) -> Car:
        if vin not in self._garage.cars:
            message = "The car is not on the account"
            raise UnknownError(message)
        return self._garage.cars[vin]

    async def _reread(self, car: Car, this_round: Round, *, state_only: bool) -> Vehicle:
        """Read one car.

        Raises:
            SourceError: It could not be read.
        """
        outcome = await self._read(car, this_round, with_profile=False, state_only=state_only)
        if isinstance(outcome, SourceError):
            raise outcome
        return outcome

    async def _plan_now(self, car: Car, this_round: Round) -> Json:
        """The charging details of this moment: what somebody changed in BMW's app a minute ago must not be undone.

        Nor what we have: the car has taken it, but BMW may still tell of the plan before.

        Raises:
            SourceError: They could not be read.
            InvalidCommandError: The charging window would be empty.
        """
        now = self._clock()
        question = questions.charging(car.brand, car.vin, now, with_settings=car.has_charging_settings)
        return as_changed(await self._client.ask(question, this_round), car.recent_plan_changes(now))

    def _not_read(self, car: Car, err: SourceError, now: datetime) -> SourceError:
        """Doubt a car that BMW denies; it may have been sold."""
        if is_denial(err):
            self._garage.doubt(car, now)
        return err

    def _build(self, car: Car, now: datetime) -> Vehicle:
        oddities: tuple[Oddity, ...] = ()
        if err := car.charging_error:
            kept = "" if car.charging is None else "; the details of before are shown"
            oddities = (Oddity(path="charging", problem=f"{err}{kept}"),)
        answers = Answers(
            vin=car.vin,
            brand=car.brand,
            profile=car.profile,
            state=car.state,
            charging=car.charging,
            fetched_at=now.replace(microsecond=0),
        )
        vehicle = build_vehicle(answers, in_china=self._region.has_shifted_positions, lasting=car.lasting)
        if car.found:
            vehicle = vehicle.located(car.found)
        return replace(vehicle, oddities=vehicle.oddities + oddities)

    async def _attempt(self, question: Question | None, this_round: Round) -> Json | SourceError:
        """The answer to a question, or what kept us from getting one; None if there is no question."""
        if question is None:
            return None
        try:
            return await self._client.ask(question, this_round)
        except SourceError as err:
            return err


def _nobody_is_told(_step: Step) -> None:
    pass


def _about_charging(car: Car, now: datetime) -> Question | None:
    if not car.has_charging_details:
        return None
    return questions.charging(car.brand, car.vin, now, with_settings=car.has_charging_settings)


def _recording(car: Car) -> dict[str, Json]:
    return {
        "vin": car.vin,
        "brand": car.brand.value,
        "profile": car.profile,
        "state": car.state,
        "charging": car.charging,
    }


async def _side_by_side[T](work: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Do several things at once. If one of them breaks or nobody waits any more, none is left running."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in work]
    return [task.result() for task in tasks]


def _account_failure(this_round: Round, fetch: Fetch) -> SourceError | None:
    """What is wrong with the account as a whole, if anything.

    A full quota or a fault that spared some cars is those cars' failure, but nothing good comes of a blocked account
    or one that has to sign in.
    """
    if isinstance(this_round.ended_by, SignInRequiredError | NotAllowedError):
        return this_round.ended_by
    if fetch.vehicles or not fetch.failures:
        return None
    if this_round.ended_by:
        return this_round.ended_by
    first, *others = fetch.failures.values()
    return first if all(isinstance(err, TryLaterError) for err in (first, *others)) else None
