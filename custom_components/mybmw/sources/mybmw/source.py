"""A My BMW account as a source of vehicles."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import override

import httpx

from ...vehicle import Oddity, Picture, Vehicle, View
from .. import (
    Clock,
    Credentials,
    Fetch,
    Json,
    KeepCredentials,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    Source,
    SourceError,
    TryLaterError,
)
from ..anonymize import Anonymizer
from . import questions
from .account import Account
from .build import Answers, ListBrand, build_vehicle
from .client import Client, Round, UnknownToBmwError
from .garage import Car, Garage
from .questions import Question
from .sign_in import login_of
from .tokens import TokenKeeper
from .wire import Sleep, Wire


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

    The answers of one look at the account are the only ones a vehicle is built from, but for its profile, which hardly
    ever changes. If only a car's charging details could not be read, it is shown without them and an oddity says so:
    to show those of last time would be a guess, to show nothing of the car a waste.
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
        self._garage = Garage()
        self._anonymous = Anonymizer()

    @property
    @override
    def poll_interval_min(self) -> int:
        return self._region.poll_interval_min

    @override
    async def fetch(self, *, look_for_cars: bool = False) -> Fetch:
        this_round = self._client.begin()
        await self._look_at_lists(this_round, everything=look_for_cars)
        cars = tuple(self._garage.cars.values())
        outcomes = dict(zip(cars, await asyncio.gather(*(self._read(car, this_round) for car in cars)), strict=True))
        fetch = Fetch(
            vehicles={car.vin: outcome for car, outcome in outcomes.items() if isinstance(outcome, Vehicle)},
            failures={car.vin: outcome for car, outcome in outcomes.items() if isinstance(outcome, SourceError)},
        )
        if err := _account_failure(this_round, fetch):
            raise err
        return fetch

    @property
    @override
    def views(self) -> Collection[View]:
        return questions.VIEWS.keys()

    @override
    async def picture(self, vin: str, view: View) -> Picture:
        if (car := self._garage.cars.get(vin)) is None:
            message = "The car is not on the account"
            raise TryLaterError(message)
        return await self._client.ask_for_picture(questions.picture(car.brand, vin, view), self._client.begin())

    @override
    async def close(self) -> None:
        await self._tokens.close()

    @override
    def recordings(self, vin: str | None = None) -> Json:
        if vin is not None:
            return self._anonymous(_recording(self._garage.cars[vin])) if vin in self._garage.cars else None
        return self._anonymous(
            {
                "vehicle_lists": {brand.value: answer for brand, answer in self._garage.lists.items()},
                "vehicles": [_recording(car) for car in self._garage.cars.values()],
            }
        )

    async def _look_at_lists(self, this_round: Round, *, everything: bool) -> None:
        """Find out which cars there are, if it is time to.

        A list that BMW denies us is as good as empty, unless all are denied. One that cannot be read just now matters
        only as long as no car is known: whoever misses a list then would take the cars on it for sold.
        """
        now = self._clock()
        if not (brands := self._garage.brands_due(now, everything=everything)):
            return
        asked = await asyncio.gather(*(self._attempt(questions.vehicle_list(brand), this_round) for brand in brands))
        if this_round.ended_by:
            raise this_round.ended_by
        lists: dict[ListBrand, Json] = {}
        denied: list[SourceError] = []
        failed: list[SourceError] = []
        for brand, answer in zip(brands, asked, strict=True):
            if not isinstance(answer, SourceError):
                lists[brand] = answer
            elif _is_denial(answer):
                lists[brand] = None
                denied.append(answer)
            else:
                failed.append(answer)
        if not self._garage.cars and (failed or len(denied) == len(brands)):
            raise (failed or denied)[0]
        self._garage.take_in(lists, brands, now)

    async def _read(self, car: Car, this_round: Round) -> Vehicle | SourceError:
        """Read a car; all that is known to be worth asking is asked at once."""
        now = self._clock()
        wants_profile, wanted_charging_details = car.is_profile_due, car.has_charging_details
        profile, state, charging = await asyncio.gather(
            self._attempt(questions.profile(car.brand, car.vin) if wants_profile else None, this_round),
            self._attempt(questions.state(car.brand, car.vin, now), this_round),
            self._attempt(_about_charging(car, now), this_round),
        )
        if wants_profile and not isinstance(profile, SourceError):
            car.profile, car.is_profile_due = profile, False
        if isinstance(state, SourceError):
            return self._not_read(car, state)
        if isinstance(profile, SourceError) and car.profile is None:
            return self._not_read(car, profile)
        car.state, car.is_doubted = state, False
        car.vehicle = self._build(car, charging, now)
        if not wanted_charging_details and car.has_charging_details:
            car.vehicle = self._build(car, await self._attempt(_about_charging(car, now), this_round), now)
        return car.vehicle

    def _not_read(self, car: Car, err: SourceError) -> SourceError:
        """Have the lists looked at if BMW has only now begun to deny the car; it may have been sold."""
        if _is_denial(err):
            if not car.is_doubted:
                self._garage.doubt()
            car.is_doubted = True
        return err

    def _build(self, car: Car, charging: Json | SourceError, now: datetime) -> Vehicle:
        oddities: tuple[Oddity, ...] = ()
        if isinstance(charging, SourceError):
            oddities = (Oddity(path="charging", problem=str(charging)),)
            charging = None
        car.charging = charging
        answers = Answers(
            vin=car.vin,
            brand=car.brand,
            profile=car.profile,
            state=car.state,
            charging=car.charging,
            fetched_at=now.replace(microsecond=0),
        )
        vehicle = build_vehicle(answers, in_china=self._region.has_shifted_positions)
        return replace(vehicle, oddities=vehicle.oddities + oddities)

    async def _attempt(self, question: Question | None, this_round: Round) -> Json | SourceError:
        """The answer to a question, or what kept us from getting one; None if there is no question."""
        if question is None:
            return None
        try:
            return await self._client.ask(question, this_round)
        except SourceError as err:
            return err


def _about_charging(car: Car, now: datetime) -> Question | None:
    if not car.has_charging_details:
        return None
    return questions.charging(car.brand, car.vin, now, with_settings=car.has_charging_settings)


def _recording(car: Car) -> dict[str, Json]:
    return {"brand": car.brand.value, "profile": car.profile, "state": car.state, "charging": car.charging}


def _is_denial(err: SourceError) -> bool:
    """Whether BMW says that there is no such thing, or not for us."""
    return isinstance(err, UnknownToBmwError) or (isinstance(err, NotAllowedError) and err.reason is Refusal.FORBIDDEN)


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
