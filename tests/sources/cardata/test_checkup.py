"""What the doctor says of an account, verdict by verdict; nothing is asked of BMW."""

import json
from typing import Final, Protocol

import httpx
import pytest

from custom_components.mybmw.sources import (
    Check,
    Checkup,
    Obstacle,
    SignInRequiredError,
    SourceError,
    TryLaterError,
    Verdict,
)
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.cardata.cars import Cars
from custom_components.mybmw.sources.cardata.checkup import check_up, obstacle_of
from custom_components.mybmw.sources.cardata.failures import Cause, DeniedError, FailedError, SignInFailedError
from custom_components.mybmw.sources.cardata.grant import API_SCOPE, STREAM_SCOPE
from custom_components.mybmw.sources.cardata.quota import Reason
from custom_components.mybmw.sources.cardata.stream_status import StreamStatus, Trouble
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import SCOPES

from .rig import NOW, Clock, Keeper, asked, granted

I5: Final = "WBA00000000LIVE01"
OTHER: Final = "WBA00000000LIVE02"
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
    assert verdicts(check_up(access, cars, LISTENING, {I5}), Verdict.PENDING) == {Check.CONTAINER}
    await access.containers.telematic_data(I5, Reason.DAILY)
    calls = asked(cloud)
    assert check_up(access, cars, LISTENING, {I5}) == dict.fromkeys(Check, Verdict.GOOD)
    assert asked(cloud) == calls


def test_what_has_only_begun_is_awaited(access: Access, clock: Clock) -> None:
    checkup = check_up(access, Cars(access.memory, clock), StreamStatus(), set())
    assert verdicts(checkup, Verdict.GOOD) == {Check.API, Check.STREAM}
    assert verdicts(checkup, Verdict.PENDING) == set(Check) - {Check.API, Check.STREAM}


@pytest.mark.parametrize(("missing", "check"), [(API_SCOPE, Check.API), (STREAM_SCOPE, Check.STREAM)])
def test_what_the_client_is_not_switched_on_for(sign_in: Sign, cars: Cars, missing: str, check: Check) -> None:
    access = sign_in(*(scope for scope in SCOPES if scope != missing))
    assert verdicts(check_up(access, cars, LISTENING, {I5}), Verdict.BAD) == {check}


@pytest.mark.parametrize(
    ("trouble", "bad"),
    [
        (DeniedError("No", Cause.SCOPE_NOT_GRANTED), {Check.API}),
        (DeniedError("No", Cause.VEHICLE_NOT_OURS), {Check.CARS}),
        (DeniedError("No", Cause.BAD_REQUEST), set()),
        (FailedError("No", Cause.UNEXPLAINED), set()),
        (FailedError("No", Cause.OUT_OF_ORDER), set()),
        (TryLaterError("No"), set()),
    ],
)
def test_why_a_car_cannot_be_read(access: Access, cars: Cars, trouble: SourceError, bad: set[Check]) -> None:
    cars.by_vin[I5].trouble = trouble
    assert verdicts(check_up(access, cars, LISTENING, {I5}), Verdict.BAD) == bad


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("CU-124", Verdict.BAD),
        ("CU-400", Verdict.BAD),
        ("CU-402", Verdict.BAD),
        ("CU-403", Verdict.BAD),
        ("CU-500", Verdict.PENDING),
    ],
)
async def test_why_no_container_can_be_made(
    access: Access, cars: Cars, cloud: Simulator, code: str, verdict: Verdict
) -> None:
    cloud.faults.append(Fault(path="/customers/containers$", status=403, body={"exveErrorId": code}))
    with pytest.raises(SourceError):
        await access.containers.telematic_data(I5, Reason.DAILY)
    assert check_up(access, cars, LISTENING, {I5})[Check.CONTAINER] is verdict


@pytest.mark.parametrize("code", ["CU-105", "CU-400"])
async def test_a_container_by_which_bmw_does_not_answer_any_more(
    access: Access, cars: Cars, cloud: Simulator, code: str
) -> None:
    await access.containers.telematic_data(I5, Reason.DAILY)
    cloud.faults.append(Fault(path="telematicData", status=400, body={"exveErrorId": code}, times=1))
    await access.containers.telematic_data(I5, Reason.DAILY)
    assert check_up(access, cars, LISTENING, {I5})[Check.CONTAINER] is Verdict.GOOD, "it has been mended"
    cloud.faults.append(Fault(path="telematicData", status=400, body={"exveErrorId": code}))
    with pytest.raises(SourceError):
        await access.containers.telematic_data(I5, Reason.DAILY)
    assert check_up(access, cars, LISTENING, {I5})[Check.CONTAINER] is Verdict.BAD
    cloud.faults.clear()
    await access.containers.telematic_data(OTHER, Reason.DAILY)
    assert check_up(access, cars, LISTENING, {I5})[Check.CONTAINER] is Verdict.GOOD


async def test_a_car_that_is_refused_without_a_reason_says_nothing_of_the_container(
    access: Access, cars: Cars, cloud: Simulator
) -> None:
    """BMW's outages look like that; to delete containers, as the owner would be told to, would mend nothing."""
    await access.containers.telematic_data(I5, Reason.DAILY)
    cloud.faults.append(Fault(path="telematicData", status=403, body="Forbidden"))
    with pytest.raises(SourceError) as raised:
        await access.containers.telematic_data(I5, Reason.DAILY)
    cars.by_vin[I5].trouble = raised.value
    assert verdicts(check_up(access, cars, LISTENING, {I5}), Verdict.BAD) == set()


async def test_a_container_is_good_only_once_bmw_has_answered_by_it(
    access: Access, cars: Cars, cloud: Simulator
) -> None:
    cloud.faults.append(Fault(path="telematicData", status=403, body={"exveErrorId": "CU-403"}))
    with pytest.raises(SourceError):
        await access.containers.telematic_data(I5, Reason.DAILY)
    assert check_up(access, cars, LISTENING, {I5})[Check.CONTAINER] is Verdict.PENDING
    cloud.faults.clear()
    await access.containers.telematic_data(I5, Reason.DAILY)
    assert check_up(access, cars, LISTENING, {I5})[Check.CONTAINER] is Verdict.GOOD


def test_an_account_without_cars(access: Access, clock: Clock) -> None:
    cars = Cars(access.memory, clock)
    cars.take_in(set(), NOW)
    assert verdicts(check_up(access, cars, LISTENING, {I5}), Verdict.BAD) == {Check.CARS}


@pytest.mark.parametrize(
    ("stream", "verdict"),
    [
        (StreamStatus(), Verdict.PENDING),
        (StreamStatus(connected_since=NOW), Verdict.GOOD),
        (StreamStatus(connected_since=NOW, last_trouble=Trouble.BAD_CREDENTIALS), Verdict.GOOD),
        (StreamStatus(ended_by=SignInRequiredError("Over")), Verdict.BAD),
        *((StreamStatus(failed_by=one), Verdict.PENDING) for one in Trouble),
        *((StreamStatus(failed_by=one, is_stuck=True), Verdict.BAD) for one in Trouble),
        (StreamStatus(connected_since=NOW, is_stuck=True), Verdict.GOOD),
        (StreamStatus(last_trouble=Trouble.NOT_PERMITTED), Verdict.PENDING),  # which is over; a token is exchanged
    ],
)
def test_how_the_stream_is(access: Access, cars: Cars, stream: StreamStatus, verdict: Verdict) -> None:
    assert check_up(access, cars, stream, set())[Check.CONNECTION] is verdict


@pytest.mark.parametrize(
    ("stream", "verdict"),
    [
        (StreamStatus(), Verdict.PENDING),
        (StreamStatus(connected_since=NOW), Verdict.GOOD),
        (StreamStatus(connected_since=NOW, has_rival=True), Verdict.BAD),
        (StreamStatus(failed_by=Trouble.RIVAL, has_rival=True), Verdict.BAD),
        (StreamStatus(failed_by=Trouble.REFUSED), Verdict.PENDING),
        (StreamStatus(failed_by=Trouble.REFUSED, is_stuck=True), Verdict.BAD),  # which is what a rival looks like, too
        (StreamStatus(failed_by=Trouble.UNREACHABLE, is_stuck=True), Verdict.PENDING),
        (StreamStatus(last_trouble=Trouble.RIVAL), Verdict.PENDING),  # which is over; a token is exchanged
    ],
)
def test_whether_the_stream_is_ours_alone(access: Access, cars: Cars, stream: StreamStatus, verdict: Verdict) -> None:
    assert check_up(access, cars, stream, set())[Check.ALONE] is verdict


@pytest.mark.parametrize(
    ("failed_by", "obstacle"),
    [
        (None, None),
        (Trouble.REFUSED, Obstacle.REFUSED),
        (Trouble.UNREACHABLE, Obstacle.UNREACHABLE),
        (Trouble.BUSY, Obstacle.BUSY),
        (Trouble.UNTRUSTED, Obstacle.UNTRUSTED),
        (Trouble.NOT_PERMITTED, Obstacle.NOTHING_SELECTED),
        (Trouble.BUG, None),
    ],
)
def test_what_is_in_the_way(failed_by: Trouble | None, obstacle: Obstacle | None) -> None:
    assert obstacle_of(StreamStatus(failed_by=failed_by)) is obstacle


def test_how_the_stream_is_doing_can_be_told_in_a_report() -> None:
    ended_by = SignInFailedError("Over", Cause.TOKEN_NOT_ACCEPTED)
    status = StreamStatus(last_trouble=Trouble.RIVAL, last_trouble_at=NOW, is_stuck=True, messages=3, ended_by=ended_by)
    assert json.loads(json.dumps(status.to_tell())) == {
        "connected_since": None,
        "last_message_at": None,
        "last_trouble": "rival",
        "last_trouble_at": str(NOW),
        "failed_by": None,
        "is_stuck": True,
        "has_rival": False,
        "evictions": 0,
        "messages": 3,
        "strange": 0,
        "next_attempt_at": None,
        "ended_by": "Over",
    }


@pytest.mark.parametrize(
    ("heard", "verdict"),
    [(set(), Verdict.PENDING), ({I5}, Verdict.PENDING), ({I5, OTHER}, Verdict.GOOD)],
)
def test_whether_each_car_has_been_heard(access: Access, cars: Cars, heard: set[str], verdict: Verdict) -> None:
    """One that speaks says nothing of the other: what streams is chosen for each by itself."""
    cars.take_in({I5, OTHER}, NOW)
    assert check_up(access, cars, LISTENING, heard)[Check.MESSAGE] is verdict
