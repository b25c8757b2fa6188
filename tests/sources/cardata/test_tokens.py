"""Staying signed in: one renewal at a time, seen through, and stored before it is used."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from custom_components.mybmw.sources import (
    Credentials,
    Json,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.cardata.failures import Cause, SignInFailedError, cause_of
from custom_components.mybmw.sources.cardata.grant import API_SCOPE, STREAM_SCOPE, Grant
from custom_components.mybmw.sources.cardata.identity import Identity
from custom_components.mybmw.sources.cardata.memory import Memory, Page
from custom_components.mybmw.sources.cardata.tokens import TokenKeeper
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import SCOPES
from tests.simulator.spoiling import document, without

from .rig import NOW, TOKEN, Clock, Gate, Keeper, Rooms, asked, granted

type Restart = Callable[[], Rooms]


async def refused(rooms: Rooms) -> SourceError:
    """What asking for a token raises."""
    with pytest.raises(SourceError) as raised:
        await rooms.tokens.access_token()
    return raised.value


async def test_a_fresh_token_is_used_as_it_is(rooms: Rooms, cloud: Simulator) -> None:
    assert cloud.cardata.customers.who_asks(await rooms.tokens.access_token())
    assert asked(cloud, TOKEN) == []


async def test_tokens_are_renewed_before_their_end(rooms: Rooms, cloud: Simulator, clock: Clock, keep: Keeper) -> None:
    first = await rooms.tokens.access_token()
    clock.advance(minutes=59)
    second = await rooms.tokens.access_token()
    assert second != first
    assert cloud.cardata.customers.who_asks(second)
    assert len(keep.kept) == 1
    assert asked(cloud, TOKEN) == [("token", 200)]


async def test_the_stream_gets_a_key_that_is_worth_it(rooms: Rooms, cloud: Simulator, clock: Clock) -> None:
    first = await rooms.tokens.stream_key()
    assert first.ends_at == NOW + timedelta(hours=1)
    clock.advance(minutes=49)
    assert await rooms.tokens.stream_key() == first
    clock.advance(minutes=1)
    second = await rooms.tokens.stream_key()
    assert second.ends_at == clock() + timedelta(hours=1)
    assert second.gcid == first.gcid
    assert cloud.cardata.customers.who_streams(second.gcid, second.id_token)
    assert second.id_token not in repr(second)
    assert (await rooms.tokens.stream_key(rejected=second.id_token)).id_token != second.id_token
    assert (await rooms.tokens.stream_key(margin=timedelta(minutes=59))).gcid == first.gcid
    assert len(asked(cloud, TOKEN)) == 2


async def test_a_renewal_keeps_what_bmw_does_not_repeat(rooms: Rooms, clock: Clock, restarted: Restart) -> None:
    gcid = (await rooms.tokens.stream_key()).gcid
    clock.advance(hours=2)
    assert (await rooms.tokens.stream_key()).gcid == gcid
    assert (await restarted().tokens.stream_key()).gcid == gcid


async def test_a_renewal_without_an_id_token_loses_no_sign_in(
    rooms: Rooms, cloud: Simulator, clock: Clock, restarted: Restart
) -> None:
    """OpenID Connect allows it, and the old refresh token is void afterwards."""
    clock.advance(hours=2)
    cloud.faults.append(Fault(path=TOKEN, spoil=document(without("id_token"))))
    assert cloud.cardata.customers.who_asks(await rooms.tokens.access_token())
    with pytest.raises(SlowDownError) as raised:
        await restarted().tokens.stream_key()
    assert raised.value.until == clock() + timedelta(minutes=15)
    cloud.faults.clear()
    key = await restarted().tokens.stream_key()
    assert cloud.cardata.customers.who_streams(key.gcid, key.id_token)
    assert asked(cloud, TOKEN) == [("token", 200)] * 3


async def test_many_at_once_make_one_renewal(rooms: Rooms, cloud: Simulator, clock: Clock) -> None:
    clock.advance(hours=2)
    tokens = await asyncio.gather(*(rooms.tokens.access_token() for _ in range(10)), rooms.tokens.stream_key())
    assert len(set(tokens[:10])) == 1
    assert asked(cloud, TOKEN) == [("token", 200)]


async def test_a_renewal_is_seen_through_if_nobody_waits(
    rooms: Rooms, cloud: Simulator, clock: Clock, keep: Keeper
) -> None:
    clock.advance(hours=2)
    go_on = Gate()
    cloud.faults.append(Fault(path=TOKEN, after=go_on))
    waiting = asyncio.create_task(rooms.tokens.access_token())
    await go_on.reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    await rooms.close()
    assert len(keep.kept) == 1
    assert cloud.cardata.customers.who_asks(await rooms.tokens.access_token())
    assert len(asked(cloud, TOKEN)) == 1


async def test_a_failed_renewal_that_nobody_waits_for_makes_no_noise(
    rooms: Rooms, cloud: Simulator, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.advance(hours=2)
    go_on = asyncio.Event()
    cloud.faults.append(Fault(path=TOKEN, after=go_on, status=500))
    waiting = asyncio.create_task(rooms.tokens.access_token())
    await asyncio.sleep(0)
    waiting.cancel()
    go_on.set()
    await rooms.close()
    await asyncio.gather(waiting, return_exceptions=True)
    assert "never retrieved" not in caplog.text


async def test_close_without_a_renewal(rooms: Rooms) -> None:
    await rooms.close()


async def test_new_tokens_are_stored_before_they_are_used(rooms: Rooms, clock: Clock, keep: Keeper) -> None:
    clock.advance(hours=2)
    token = await rooms.tokens.access_token()
    page = keep.kept[0][Page.GRANT]
    assert isinstance(page, dict)
    assert page["access_token"] == token
    assert keep.asked_before == [1], "the request for the renewal itself"


async def test_what_could_not_be_stored_is_stored_before_anything_else(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    is_full = True

    async def keep_if_there_is_room(credentials: Credentials) -> None:
        if is_full:
            message = "no space left"
            raise OSError(message)
        await keep(credentials)

    memory = Memory(first_credentials(granted(cloud, clock)), keep_if_there_is_room)
    tokens = TokenKeeper(Identity(cloud.cardata.customer().client_id, http, clock), memory, clock)
    clock.advance(hours=2)
    for use in (tokens.access_token, tokens.stream_key, tokens.access_token):
        with pytest.raises(TryLaterError, match="could not be stored"):
            await use()
    is_full = False
    assert cloud.cardata.customers.who_asks(await tokens.access_token())
    assert len(keep.kept) == 1
    assert len(asked(cloud, TOKEN)) == 1


async def test_a_rejected_token_is_replaced_once(rooms: Rooms, cloud: Simulator) -> None:
    old = await rooms.tokens.access_token()
    new, also_new = await asyncio.gather(rooms.tokens.access_token(old), rooms.tokens.access_token(old))
    assert new == also_new != old
    assert await rooms.tokens.access_token(old) == new
    assert len(asked(cloud, TOKEN)) == 1


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (400, {"error": "invalid_grant"}, Cause.GRANT_ENDED),
        (401, {"error": "invalid_grant"}, Cause.GRANT_ENDED),
        (400, {"error": "invalid_token"}, Cause.GRANT_ENDED),
        (401, {"error": "invalid_client"}, Cause.CLIENT_UNKNOWN),
    ],
)
async def test_what_only_the_owner_can_mend(
    status: int, body: Json, cause: Cause, rooms: Rooms, cloud: Simulator
) -> None:
    rooms.clock.advance(hours=2)
    cloud.faults.append(Fault(path=TOKEN, status=status, body=body))
    err = await refused(rooms)
    assert isinstance(err, SignInRequiredError)
    assert cause_of(err) is cause


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path=TOKEN, status=500, body={"error": "invalid_grant"}),
        Fault(path=TOKEN, status=503, body="<html>"),
        Fault(path=TOKEN, status=429),
        Fault(path=TOKEN, status=400, body={"error": "invalid_request"}),
        Fault(path=TOKEN, status=403, body={"error": "access_denied"}),
        Fault(path=TOKEN, status=403, body="<html>"),
        Fault(path=TOKEN, status=400),
        Fault(path=TOKEN, status=200, body={}),
        Fault(path=TOKEN, status=200, body={"access_token": "without the others"}),
        Fault(path=TOKEN, status=302, headers={"location": "https://example.com"}),
        Fault(path=TOKEN, drop=True),
    ],
    ids=lambda fault: f"{fault.status} {fault.body}",
)
async def test_nothing_else_ends_a_sign_in(fault: Fault, rooms: Rooms, cloud: Simulator, clock: Clock) -> None:
    clock.advance(hours=2)
    cloud.faults.append(fault)
    assert not isinstance(await refused(rooms), SignInRequiredError)
    cloud.faults.clear()
    assert cloud.cardata.customers.who_asks(await rooms.tokens.access_token())


async def test_two_weeks_without_a_renewal_are_too_long(
    rooms: Rooms, clock: Clock, restarted: Restart, keep: Keeper
) -> None:
    clock.advance(days=13, hours=23)
    await rooms.tokens.access_token()
    clock.advance(days=14)
    assert cause_of(await refused(rooms)) is Cause.GRANT_ENDED
    assert len(keep.kept) == 1, "what was kept is left alone"
    assert cause_of(await refused(restarted())) is Cause.GRANT_ENDED


async def test_who_has_never_signed_in_has_to(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    rooms = Rooms(cloud, http, clock, keep, credentials={})
    assert isinstance(await refused(rooms), SignInRequiredError)
    assert not rooms.tokens.missing_scopes
    assert not cloud.requests


@pytest.mark.parametrize("missing", [API_SCOPE, STREAM_SCOPE])
async def test_a_missing_scope_costs_no_call_and_no_connection(
    missing: str, cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    rooms = Rooms(cloud, http, clock, keep, scopes=frozenset(SCOPES) - {missing})
    assert rooms.tokens.missing_scopes == {missing}
    works, fails = rooms.tokens.access_token, rooms.tokens.stream_key
    if missing == API_SCOPE:
        with pytest.raises(SignInFailedError) as raised:
            await works()
        assert (await fails()).id_token
    else:
        with pytest.raises(SignInFailedError) as raised:
            await fails()
        assert await works()
    assert raised.value.cause is Cause.SCOPE_NOT_GRANTED
    assert raised.value.scopes == {missing}
    assert not cloud.requests


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": None},
        {"access_token": "with space"},
        {"id_token": 1},
        {"refresh_token": None},
        {"gcid": ""},
    ],
)
def test_half_a_grant_is_none(change: dict[str, Json]) -> None:
    answer: dict[str, Json] = {"access_token": "a", "id_token": "i", "refresh_token": "r", "gcid": "g"}
    assert Grant.answered(answer, NOW)
    assert Grant.answered(answer | change, NOW) is None


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [(3599, 3599), (None, 3600), (True, 3600), ("3600", 3600), (-5, 300), (10**12, 86400), (1e300, 86400)],
)
def test_lifetimes_are_within_reason(expires_in: Json, lifetime: float) -> None:
    answer: Json = {
        "access_token": "a",
        "id_token": "no.jwt",
        "refresh_token": "r",
        "gcid": "g",
        "expires_in": expires_in,
    }
    grant = Grant.answered(answer, NOW)
    assert grant
    assert grant.access_ends_at == grant.id_ends_at == NOW + timedelta(seconds=lifetime)
    assert not grant.missing_scopes, "BMW did not say"


@pytest.mark.parametrize("token", ["a.e30.c", "a.W10.c", "a.eyJleHAiOnRydWV9.c", "a.eyJleHAiOjF9.c", "a.%%%.c"])
def test_an_id_token_that_does_not_tell_its_end(token: str) -> None:
    grant = Grant.answered({"access_token": "a", "id_token": token, "refresh_token": "r", "gcid": "g"}, NOW)
    assert grant
    assert grant.id_ends_at == NOW + timedelta(hours=1)


async def test_a_grant_is_remembered_as_it_was(cloud: Simulator, clock: Clock) -> None:
    grant = granted(cloud, clock)
    assert Grant.remembered(grant.to_keep(), clock()) == grant


def test_a_damaged_memory_of_a_grant_is_renewed() -> None:
    grant = Grant.remembered({"refresh_token": "r", "gcid": "g", "access_token": "a", "access_ends_at": "soon"}, NOW)
    assert grant
    assert (grant.access_ends_at, grant.id_token, grant.scopes) == (NOW, "", frozenset())
    assert Grant.remembered({"refresh_token": "r"}, NOW) is None
    assert Grant.remembered({}, NOW) is None


async def test_pages_are_stored_whole_and_in_their_order() -> None:
    begun: list[Credentials] = []
    kept: list[Credentials] = []
    first_is_slow = asyncio.Event()

    async def keep(credentials: Credentials) -> None:
        begun.append(credentials)
        if len(begun) == 1:
            await first_is_slow.wait()
        kept.append(credentials)

    memory = Memory({"grant": {"a": 1}, "calls": "damaged"}, keep)
    assert memory.read(Page.CALLS) == {}
    writing = [asyncio.create_task(memory.write(Page.CALLS, {"n": number})) for number in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the second could have overtaken the first by now
    first_is_slow.set()
    await asyncio.gather(*writing)
    assert kept[-1] == {"grant": {"a": 1}, "calls": {"n": 2}}
    assert memory.whole == kept[-1]


async def test_an_error_is_no_try_later_without_reason(rooms: Rooms, cloud: Simulator, clock: Clock) -> None:
    clock.advance(hours=2)
    cloud.faults.append(Fault(path=TOKEN, wait_s=0.01, status=502))
    err = await refused(rooms)
    assert isinstance(err, TryLaterError)
    assert "502" in str(err)
