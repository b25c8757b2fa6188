"""What the doctor says of an account, verdict by verdict; nothing is asked of BMW."""

from datetime import timedelta
from typing import Final, Protocol

import httpx
import pytest

from custom_components.mybmw.sources import Check, Checkup, SignInRequiredError, SourceError, TryLaterError, Verdict
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.cardata.cars import Cars
from custom_components.mybmw.sources.cardata.checkup import check_up
from custom_components.mybmw.sources.cardata.failures import Cause, DeniedError, FailedError
from custom_components.mybmw.sources.cardata.grant import API_SCOPE, STREAM_SCOPE
from custom_components.mybmw.sources.cardata.quota import Reason
from custom_components.mybmw.sources.cardata.stream_status import StreamStatus, Trouble
from tests.simulator import Simulator
from tests.simulator.cardata import SCOPES

from .rig import NOW, Clock, Keeper, asked, granted

I5: Final = "WBA00000000LIVE01"
BEFORE: Final = NOW - timedelta(seconds=1)
LISTENING: Final = StreamStatus(connected_since=NOW, last_message_at=NOW)


class Sign(Protocol):
    """How an account signs in."""

    def __call__(self, *scopes: str) -> Access:
        """For these scopes, for all if none are named."""
        ...


@pytest.fixture
def sign_in(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper) -> Sign:
    def sign_in(*scopes: str) -> Access:
        settings = {"client_id": cloud.cardata.customer().client_id}
        credentials = first_credentials(granted(cloud, clock, frozenset(scopes or SCOPES)))
        return Access.of(settings, credentials, http=http, keep=keep, clock=clock)

    return sign_in


@pytest.fixture
def access(sign_in: Sign) -> Access:
    """An account that has just signed in."""
    return sign_in()


@pytest.fixture
def cars(access: Access, clock: Clock) -> Cars:
    """A car that BMW has told of."""
    cars = Cars(access.memory, clock)
    cars.take_in({I5}, NOW)
    return cars


def verdicts(checkup: Checkup, verdict: Verdict) -> set[Check]:
    return {check for check, one in checkup.items() if one is verdict}


async def test_all_is_well_once_the_container_is_there(access: Access, cars: Cars, cloud: Simulator) -> None:
    assert verdicts(check_up(access, cars, LISTENING), Verdict.PENDING) == {Check.CONTAINER}
    await access.containers.telematic_data(I5, Reason.DAILY)
    calls = asked(cloud)
    assert check_up(access, cars, LISTENING) == dict.fromkeys(Check, Verdict.GOOD)
    assert asked(cloud) == calls


def test_what_has_only_begun_is_awaited(access: Access, clock: Clock) -> None:
    checkup = check_up(access, Cars(access.memory, clock), StreamStatus())
    assert verdicts(checkup, Verdict.GOOD) == {Check.API, Check.STREAM}
    assert verdicts(checkup, Verdict.PENDING) == set(Check) - {Check.API, Check.STREAM}


@pytest.mark.parametrize(("missing", "check"), [(API_SCOPE, Check.API), (STREAM_SCOPE, Check.STREAM)])
def test_what_the_client_is_not_switched_on_for(sign_in: Sign, cars: Cars, missing: str, check: Check) -> None:
    access = sign_in(*(scope for scope in SCOPES if scope != missing))
    assert verdicts(check_up(access, cars, LISTENING), Verdict.BAD) == {check}


@pytest.mark.parametrize(
    ("trouble", "bad"),
    [
        (DeniedError("No", Cause.SCOPE_NOT_GRANTED), {Check.API}),
        (DeniedError("No", Cause.VEHICLE_NOT_OURS), {Check.CARS}),
        (DeniedError("No", Cause.CONTAINER_LIMIT), {Check.CONTAINER}),
        (DeniedError("No", Cause.UNEXPLAINED), {Check.CONTAINER}),
        (FailedError("No", Cause.CONTAINER_GONE), {Check.CONTAINER}),
        (FailedError("No", Cause.KEY_UNKNOWN), {Check.CONTAINER}),
        (FailedError("No", Cause.OUT_OF_ORDER), set()),
        (TryLaterError("No"), set()),
    ],
)
def test_why_a_car_cannot_be_read(access: Access, cars: Cars, trouble: SourceError, bad: set[Check]) -> None:
    cars.by_vin[I5].trouble = trouble
    assert verdicts(check_up(access, cars, LISTENING), Verdict.BAD) == bad


def test_an_account_without_cars(access: Access, cars: Cars) -> None:
    cars.take_in(set(), NOW)
    assert verdicts(check_up(access, cars, LISTENING), Verdict.BAD) == {Check.CARS}


@pytest.mark.parametrize(
    ("stream", "verdict"),
    [
        (StreamStatus(), Verdict.PENDING),
        (StreamStatus(connected_since=NOW), Verdict.GOOD),
        (StreamStatus(connected_since=NOW, last_trouble=Trouble.BAD_CREDENTIALS), Verdict.GOOD),
        (StreamStatus(connected_since=NOW, has_rival=True), Verdict.BAD),
        (StreamStatus(ended_by=SignInRequiredError("Over")), Verdict.BAD),
        *((StreamStatus(last_trouble=one), Verdict.PENDING) for one in (Trouble.UNREACHABLE, Trouble.BUSY)),
        *((StreamStatus(last_trouble=one), Verdict.PENDING) for one in (Trouble.DROPPED, Trouble.REFUSED)),
        *((StreamStatus(last_trouble=one), Verdict.BAD) for one in (Trouble.BAD_CREDENTIALS, Trouble.NOT_PERMITTED)),
        (StreamStatus(last_trouble=Trouble.RIVAL), Verdict.BAD),
        (StreamStatus(last_trouble=Trouble.RIVAL, last_trouble_at=NOW, last_connected_at=BEFORE), Verdict.BAD),
        (StreamStatus(last_trouble=Trouble.RIVAL, last_trouble_at=BEFORE, last_connected_at=NOW), Verdict.PENDING),
    ],
)
def test_how_the_stream_is(access: Access, cars: Cars, stream: StreamStatus, verdict: Verdict) -> None:
    assert check_up(access, cars, stream)[Check.CONNECTION] is verdict
