"""Asking a few at a time, with the right to ask, and stopping when told to."""

import asyncio
from datetime import timedelta
import logging
from uuid import UUID

import httpx
import pytest

from custom_components.mybmw.sources import (
    Json,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    UnknownError,
)
from custom_components.mybmw.sources.mybmw import questions
from custom_components.mybmw.sources.mybmw.auth import OAuthLogin
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.client import Client, Round
from custom_components.mybmw.sources.mybmw.credentials import AppIdentity, Grant, to_keep
from custom_components.mybmw.sources.mybmw.tokens import TokenKeeper
from custom_components.mybmw.sources.mybmw.wire import Wire

from .cloud import (
    ACCOUNT,
    BLOCKED,
    CHARGING,
    CONFIG,
    DEAD_TOKEN,
    FORBIDDEN,
    HTML,
    LIST,
    PROFILE,
    QUOTA,
    STATE,
    TOKEN,
    Clock,
    Cloud,
    Keeper,
    Reply,
    Sleeper,
)

VIN = "WBA00000000DEMO01"

SLOW_DOWN = SlowDownError("slow down", Clock()())
EVEN_SLOWER = SlowDownError("slow down", Clock()() + timedelta(hours=1))
SIGN_IN = SignInRequiredError("sign in")
BLOCK = NotAllowedError("blocked", Refusal.BLOCKED)
LATER = TryLaterError("later")

ALWAYS_THE_SAME = {
    "accept": "application/json",
    "accept-encoding": "gzip",
    "accept-language": "en",
    "authorization": "Bearer token-0",
    "bmw-units-preferences": "d=KM;v=L;p=B;ec=KWH100KM;fc=L100KM;em=GKM;",
    "user-agent": "Dart/3.3 (dart:io)",
    "x-identity-provider": "gcdm",
    "x-raw-locale": "en-US",
    "24-hour-format": "true",
}


@pytest.fixture
def client(cloud: Cloud, clock: Clock, sleep: Sleeper, keep: Keeper) -> Client:
    """A signed-in account."""
    wire = Wire(cloud.http, clock, sleep)
    grant = Grant(access_token="token-0", expires_at=clock() + timedelta(hours=1), refresh_token="refresh-0", gcid="G")
    credentials = to_keep(AppIdentity.made_up(clock()), grant)
    tokens = TokenKeeper(OAuthLogin(ACCOUNT, wire, clock), credentials, keep=keep, clock=clock)
    return Client(ACCOUNT.region, wire, tokens, clock)


async def states(client: Client, clock: Clock, count: int) -> list[Json | BaseException]:
    """What comes of asking for many states in one round."""
    this_round = client.begin()
    question = questions.state(ListBrand.BMW, VIN, clock())
    return await asyncio.gather(*(client.ask(question, this_round) for _ in range(count)), return_exceptions=True)


async def test_every_question_can_be_followed_in_the_log(
    client: Client, cloud: Cloud, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="custom_components.mybmw")
    this_round = client.begin()
    await client.ask(questions.profile(ListBrand.BMW, VIN), this_round)
    cloud.fail(STATE, VIN, FORBIDDEN)
    with pytest.raises(NotAllowedError):
        await client.ask(questions.state(ListBrand.BMW, VIN, clock()), this_round)
    assert [message for name, _, message in caplog.record_tuples if name.startswith("custom_components")] == [
        f"GET {PROFILE} (bmw): HTTP status 200",
        f"GET {STATE} (bmw): BMW does not allow this account what was asked",
    ]


async def test_every_question_is_asked_as_the_app_does(client: Client, cloud: Cloud, clock: Clock) -> None:
    this_round = client.begin()
    for question in (
        questions.vehicle_list(ListBrand.MINI),
        questions.profile(ListBrand.BMW, VIN),
        questions.state(ListBrand.BMW, VIN, clock()),
        questions.charging(ListBrand.BMW, VIN, clock(), with_settings=True),
        questions.charging(ListBrand.BMW, VIN, clock(), with_settings=False),
    ):
        await client.ask(question, this_round)
    for request in cloud.requests:
        assert request.url.host == "cocoapi.bmwgroup.com"
        assert {key: request.headers[key] for key in ALWAYS_THE_SAME} == ALWAYS_THE_SAME
        assert request.headers["x-correlation-id"] == request.headers["bmw-correlation-id"]
        assert UUID(request.headers["x-correlation-id"]).version == 4
        assert UUID(request.headers["bmw-session-id"]).version == 4
        assert request.headers["x-user-agent"].startswith("android(AP2A.")
    vehicle_list, profile, state, charging, charging_without = cloud.requests
    assert (vehicle_list.method, str(vehicle_list.url)) == ("POST", f"https://cocoapi.bmwgroup.com{LIST}")
    assert (vehicle_list.content, vehicle_list.headers["content-length"]) == (b"", "0")
    assert vehicle_list.headers["x-user-agent"].endswith(";mini;4.9.2(36892);row")
    assert "bmw-vin" not in vehicle_list.headers

    assert (profile.method, str(profile.url)) == ("GET", f"https://cocoapi.bmwgroup.com{PROFILE}")
    assert profile.headers["bmw-vin"] == VIN
    assert profile.headers["x-user-agent"].endswith(";bmw;4.9.2(36892);row")

    assert (state.method, state.url.path) == ("GET", STATE)
    assert dict(state.url.params) == {"apptimezone": "0", "appDateTime": "1638134939123"}
    assert state.headers["bmw-vin"] == VIN

    assert (charging.method, charging.url.path) == ("GET", CHARGING)
    assert dict(charging.url.params) == {"fields": "charging-profile", "has_charging_settings_capabilities": "true"}
    assert charging_without.url.params["has_charging_settings_capabilities"] == "false"
    assert charging.headers["bmw-vin"] == VIN
    assert charging.headers["bmw-current-date"] == "2021-11-28T21:28:59+00:00"
    ids = {request.headers["x-correlation-id"] for request in cloud.requests}
    assert len(ids) == 5
    assert len({request.headers["bmw-session-id"] for request in cloud.requests}) == 1


async def test_at_most_six_at_a_time(client: Client, cloud: Cloud, clock: Clock) -> None:
    await states(client, clock, 20)
    assert cloud.most_at_once == 6


async def test_many_refused_at_once_cause_one_renewal(client: Client, cloud: Cloud, clock: Clock, keep: Keeper) -> None:
    cloud.wants_newest_token = True
    cloud.granted()  # so that what we have is not the newest any more
    answers = await states(client, clock, 10)
    assert all(isinstance(answer, dict) for answer in answers)
    assert cloud.asked == {STATE: 16, CONFIG: 1, TOKEN: 1}
    assert cloud.most_at_once == 6
    assert [credentials["refresh_token"] for credentials in keep.kept] == ["refresh-2"]
    first_use = next(
        number
        for number, request in enumerate(cloud.requests)
        if request.headers.get("authorization") == "Bearer token-2"
    )
    assert keep.asked_before[0] <= first_use


async def test_a_token_that_ends_soon_is_renewed_before_asking(client: Client, cloud: Cloud, clock: Clock) -> None:
    clock.advance(minutes=59)
    await states(client, clock, 5)
    assert [request.url.path for request in cloud.requests] == [CONFIG, TOKEN, *[STATE] * 5]
    assert {request.headers["authorization"] for request in cloud.about(STATE)} == {"Bearer token-1"}


async def test_a_new_token_refused_as_well_is_nobodys_fault(client: Client, cloud: Cloud, clock: Clock) -> None:
    cloud.replies[STATE] = httpx.Response(401)
    answers = await states(client, clock, 10)
    assert [type(answer) for answer in answers] == [TryLaterError] * 10
    assert cloud.asked[TOKEN] == 1


async def test_a_new_token_is_not_doubted_for_an_hour(client: Client, cloud: Cloud, clock: Clock) -> None:
    cloud.lifetime_s = 8 * 3600
    cloud.replies[STATE] = httpx.Response(401)
    await states(client, clock, 1)
    assert cloud.asked[TOKEN] == 1
    for _ in range(11):
        clock.advance(minutes=5)
        answers = await states(client, clock, 4)
        assert [type(answer) for answer in answers] == [TryLaterError] * 4
    assert cloud.asked[TOKEN] == 1
    clock.advance(minutes=4, seconds=59)
    await states(client, clock, 1)
    assert cloud.asked[TOKEN] == 1
    clock.advance(seconds=1)
    await states(client, clock, 4)
    assert cloud.asked[TOKEN] == 2


async def test_a_token_that_opens_one_door_is_not_why_another_stays_shut(
    client: Client, cloud: Cloud, clock: Clock, keep: Keeper
) -> None:
    cloud.replies[STATE] = httpx.Response(401)
    for _ in range(3):
        this_round = client.begin()
        await client.ask(questions.profile(ListBrand.BMW, VIN), this_round)
        for _ in range(3):
            with pytest.raises(TryLaterError, match="401"):
                await client.ask(questions.state(ListBrand.BMW, VIN, clock()), this_round)
        clock.advance(minutes=15)
    assert not keep.kept
    assert cloud.asked == {PROFILE: 3, STATE: 9}


@pytest.mark.parametrize("reply", [httpx.Response(400), httpx.Response(404), httpx.Response(302)])
async def test_only_an_answer_vouches_for_a_token(reply: Reply, client: Client, cloud: Cloud, clock: Clock) -> None:
    cloud.replies[PROFILE], this_round = reply, client.begin()
    with pytest.raises(TryLaterError):
        await client.ask(questions.profile(ListBrand.BMW, VIN), this_round)
    cloud.wants_newest_token = True
    cloud.granted()
    assert await client.ask(questions.state(ListBrand.BMW, VIN, clock()), this_round)
    assert cloud.asked[TOKEN] == 1


async def test_a_token_that_was_replaced_meanwhile_is_to_blame(client: Client, cloud: Cloud, clock: Clock) -> None:
    """Whatever it opened before; and the one in its place is used without another renewal."""
    cloud.wants_newest_token = True
    cloud.gates[STATE] = asyncio.Event()
    this_round = client.begin()
    late = asyncio.create_task(client.ask(questions.state(ListBrand.BMW, VIN, clock()), this_round))
    await client.ask(questions.profile(ListBrand.BMW, VIN), this_round)
    assert this_round.accepted == {"token-0"}
    clock.advance(minutes=59)
    await client.ask(questions.profile(ListBrand.BMW, VIN), this_round)
    assert this_round.accepted == {"token-0", "token-1"}
    cloud.gates[STATE].set()
    assert await late
    assert cloud.asked == {PROFILE: 2, STATE: 2, CONFIG: 1, TOKEN: 1}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (QUOTA, SlowDownError),
        (httpx.Response(429, headers={"retry-after": "60"}), SlowDownError),
        (BLOCKED, NotAllowedError),
    ],
)
async def test_after_a_stop_nothing_more_is_sent(
    reply: Reply, error: type[SourceError], client: Client, cloud: Cloud
) -> None:
    cloud.replies[STATE] = reply
    answers = await states(client, Clock(), 20)
    assert [type(answer) for answer in answers] == [error] * 20
    assert cloud.asked[STATE] == 6  # those under way already


async def test_a_pause_is_kept_by_rounds_that_began_before_it(client: Client, cloud: Cloud, clock: Clock) -> None:
    before = client.begin()
    await client.ask(questions.profile(ListBrand.BMW, VIN), before)
    cloud.replies[STATE] = httpx.Response(429, headers={"retry-after": "60"})
    await states(client, clock, 1)
    with pytest.raises(SlowDownError):
        await client.ask(questions.profile(ListBrand.BMW, VIN), before)
    assert before.ended_by
    assert cloud.asked == {PROFILE: 1, STATE: 1}


@pytest.mark.parametrize("path", [CONFIG, TOKEN])
@pytest.mark.parametrize("reply", [httpx.Response(500), BLOCKED, QUOTA, FORBIDDEN, httpx.ConnectError("")])
async def test_without_a_token_nothing_is_asked(
    path: str, reply: Reply, client: Client, cloud: Cloud, clock: Clock
) -> None:
    cloud.replies[path] = reply
    clock.advance(hours=2)
    answers = await states(client, clock, 20)
    assert all(isinstance(answer, SourceError) for answer in answers)
    assert STATE not in cloud.asked
    assert cloud.asked[path] == 1


@pytest.mark.parametrize(
    ("errors", "counts"),
    [
        ([SLOW_DOWN, SIGN_IN, BLOCK], SIGN_IN),
        ([SLOW_DOWN, BLOCK, SIGN_IN], BLOCK),
        ([LATER, BLOCK, SLOW_DOWN], BLOCK),
        ([LATER, SLOW_DOWN], LATER),
        ([SLOW_DOWN, LATER, EVEN_SLOWER], SLOW_DOWN),
        ([SIGN_IN, SLOW_DOWN, LATER], SIGN_IN),
        ([BLOCK, LATER], BLOCK),
    ],
)
def test_what_ends_a_round_is_what_takes_more_than_patience_or_came_first(
    errors: list[SourceError], counts: SourceError
) -> None:
    this_round = Round()
    for err in errors:
        this_round.end(err)
    assert this_round.ended_by is counts


@pytest.mark.parametrize("replies", [[QUOTA, BLOCKED], [BLOCKED, QUOTA]])
async def test_a_block_outweighs_a_quota(replies: list[Reply], client: Client, cloud: Cloud, clock: Clock) -> None:
    this_round, coming = client.begin(), iter(replies)
    cloud.replies[STATE] = lambda _request: next(coming)
    question = questions.state(ListBrand.BMW, VIN, clock())
    await asyncio.gather(*(client.ask(question, this_round) for _ in range(2)), return_exceptions=True)
    assert isinstance(this_round.ended_by, NotAllowedError)
    with pytest.raises(SlowDownError):
        client.begin()


async def test_the_longest_wait_counts(client: Client, cloud: Cloud, clock: Clock) -> None:
    waits = iter([60, 600, 120])
    cloud.replies[STATE] = lambda _request: httpx.Response(429, headers={"retry-after": str(next(waits))})
    await states(client, clock, 3)
    with pytest.raises(SlowDownError) as raised:
        client.begin()
    assert raised.value.until == clock() + timedelta(seconds=600)


async def test_a_round_does_not_show_its_tokens(client: Client, clock: Clock) -> None:
    this_round = client.begin()
    await client.ask(questions.state(ListBrand.BMW, VIN, clock()), this_round)
    assert this_round.accepted == {"token-0"}
    assert "token-0" not in repr(this_round)


async def test_a_dead_refresh_token_ends_the_round(client: Client, cloud: Cloud, clock: Clock) -> None:
    cloud.replies[TOKEN] = httpx.Response(400, json=DEAD_TOKEN)
    cloud.replies[STATE] = httpx.Response(401)
    answers = await states(client, clock, 20)
    assert [type(answer) for answer in answers] == [SignInRequiredError] * 20
    assert cloud.asked == {STATE: 6, CONFIG: 1, TOKEN: 1}


@pytest.mark.parametrize("path", [STATE, CONFIG])
async def test_no_round_begins_before_a_wait_is_over(path: str, client: Client, cloud: Cloud, clock: Clock) -> None:
    if path == CONFIG:
        clock.advance(hours=2)  # so that a token has to be asked for
    cloud.replies[path] = QUOTA
    await states(client, clock, 1)
    clock.advance(hours=2, minutes=26, seconds=23)
    with pytest.raises(SlowDownError) as raised:
        client.begin()
    assert raised.value.until == clock() + timedelta(seconds=1)
    clock.advance(seconds=1)
    client.begin()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(400), TryLaterError),
        (httpx.Response(404), UnknownError),
        (httpx.Response(404, text=HTML), UnknownError),
        (httpx.Response(409), TryLaterError),
        (httpx.Response(500), TryLaterError),
        (httpx.Response(200, text=HTML), TryLaterError),
        (httpx.Response(200, text='{"state":'), TryLaterError),
        (httpx.Response(302, headers={"location": "https://example.org"}), TryLaterError),
        (httpx.ReadTimeout(""), TryLaterError),
        (FORBIDDEN, NotAllowedError),
    ],
)
async def test_one_failure_does_not_stop_the_others(
    reply: Reply, error: type[SourceError], client: Client, cloud: Cloud
) -> None:
    cloud.replies[STATE] = reply
    answers = await states(client, Clock(), 6)
    assert [type(answer) for answer in answers] == [error] * 6
    assert cloud.asked == {STATE: 6}


async def test_short_waits_are_sat_out_in_the_queue(client: Client, cloud: Cloud, clock: Clock, sleep: Sleeper) -> None:
    usual, refusals = cloud.replies[STATE], iter([httpx.Response(429)] * 3)
    assert callable(usual)
    cloud.replies[STATE] = lambda request: next(refusals, None) or usual(request)
    assert all(isinstance(answer, dict) for answer in await states(client, clock, 6))
    assert sleep.naps == [2, 2, 2]
