"""Signing in by device code, request by request and in every way in which it goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from custom_components.mybmw.sources import Json, SlowDownError, SourceError, TryLaterError
from custom_components.mybmw.sources.cardata.auth import DeviceSignIn, after_sign_in, first_credentials, number_of
from custom_components.mybmw.sources.cardata.device_code import DeviceCode, challenge_of, new_verifier
from custom_components.mybmw.sources.cardata.failures import Cause, SignInFailedError, cause_of
from custom_components.mybmw.sources.cardata.grant import API_SCOPE, SCOPES, STREAM_SCOPE
from custom_components.mybmw.sources.cardata.identity import OAuthRefusalError, read_client_id
from custom_components.mybmw.sources.loopback import LOOPBACK
from tests.simulator import Fault, Simulator

from .rig import DEVICE_CODE, NOW, TOKEN, Clock, Sleeper, asked

type Begin = Callable[[], Awaitable[DeviceSignIn]]


@pytest.fixture
def begin(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, sleep: Sleeper) -> Begin:
    """Begins to sign in with the client id as an owner copies it."""
    client_id = f" {cloud.cardata.customer().client_id.upper()}\n"
    return lambda: DeviceSignIn.begin(client_id, http=http, clock=clock, sleep=sleep)


def approve_after(sleep: Sleeper, naps: int, cloud: Simulator, sign_in: DeviceSignIn, *, yes: bool = True) -> None:
    """Have the owner answer on the page while we wait for the nth time."""
    sleep.meanwhile[naps] = lambda: cloud.cardata.sign_in.approve(sign_in.code.user_code, yes=yes)


async def ends_with(sign_in: DeviceSignIn) -> SourceError:
    """What the sign-in ends with, which is no grant."""
    with pytest.raises(SourceError) as raised:
        await sign_in.complete()
    return raised.value


async def test_from_the_code_to_the_grant(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    sign_in = await begin()
    assert len(sign_in.code.user_code) == 8
    assert sign_in.code.page == f"{cloud.url}/oneid/link"
    assert parse_qs(urlsplit(sign_in.code.page_with_code).query) == {"user_code": [sign_in.code.user_code]}
    assert sign_in.code.ends_at == NOW + timedelta(minutes=5)
    approve_after(sleep, 3, cloud, sign_in)
    grant = await sign_in.complete()
    assert sleep.naps == [5, 5, 5]
    assert [status for _, status in asked(cloud, TOKEN)] == [403, 403, 200]
    assert grant.gcid == cloud.cardata.customer().account.gcid
    assert grant.scopes == frozenset(SCOPES)
    assert not grant.missing_scopes
    end = sleep._clock() + timedelta(hours=1)
    assert grant.access_ends_at == grant.id_ends_at == end
    assert cloud.cardata.customers.who_streams(grant.gcid, grant.id_token)
    assert cloud.cardata.customers.who_asks(grant.access_token)


async def test_the_owner_approves_in_a_browser(
    begin: Begin, cloud: Simulator, sleep: Sleeper, http: httpx.AsyncClient
) -> None:
    cloud.cardata.sign_in.names_second_page = True
    sign_in = await begin()
    page = await http.get(sign_in.code.page_with_code)
    assert f'value="{sign_in.code.user_code}"' in page.text
    wrong = await http.post(sign_in.code.page, data={"user_code": "nonsense", "answer": "yes"})
    assert "wrong" in wrong.text
    right = await http.post(sign_in.code.page, data={"user_code": sign_in.code.user_code, "answer": "yes"})
    assert "is connected" in right.text
    assert (await sign_in.complete()).gcid
    assert sleep.naps == [5]


async def test_secrets_are_not_shown(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    sign_in = await begin()
    assert sign_in.code.device_code not in repr(sign_in.code)
    assert sign_in.code.verifier not in repr(sign_in.code)
    approve_after(sleep, 1, cloud, sign_in)
    grant = await sign_in.complete()
    for secret in (grant.access_token, grant.id_token, grant.refresh_token, grant.gcid):
        assert secret not in repr(grant)


async def test_slow_down_is_heeded(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    sign_in = await begin()
    cloud.faults.append(Fault(path=TOKEN, status=400, body={"error": "slow_down"}, times=2))
    approve_after(sleep, 4, cloud, sign_in)
    assert (await sign_in.complete()).gcid
    assert sleep.naps == [5, 10, 15, 15]


async def test_too_many_requests_are_waited_for(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    sign_in = await begin()
    cloud.faults.append(Fault(path=TOKEN, status=429, headers={"retry-after": "40"}, times=1))
    approve_after(sleep, 1, cloud, sign_in)
    assert (await sign_in.complete()).gcid
    assert sleep.naps == [5, 40]


async def test_a_false_no_right_after_the_yes_is_sat_out(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    cloud.cardata.sign_in.denies_for = timedelta(minutes=1)
    sign_in = await begin()
    approve_after(sleep, 1, cloud, sign_in)
    assert (await sign_in.complete()).gcid
    assert 60 <= sum(sleep.naps) <= 70


async def test_a_true_no_is_believed_after_two_minutes(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    sign_in = await begin()
    approve_after(sleep, 1, cloud, sign_in, yes=False)
    assert cause_of(await ends_with(sign_in)) is Cause.DECLINED
    assert sum(sleep.naps) == 5 + 120


async def test_nobody_enters_the_code(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    assert cause_of(await ends_with(await begin())) is Cause.CODE_EXPIRED
    assert sum(sleep.naps) == 300
    assert {status for _, status in asked(cloud, TOKEN)} == {403}


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, {"error": "expired_token"}, Cause.CODE_EXPIRED),
        (400, {"error": "expired_token"}, Cause.CODE_EXPIRED),
        (400, {"error": "invalid_grant"}, Cause.CODE_EXPIRED),
        (
            500,
            {
                "fault": {
                    "faultstring": "Invalid Access Token",
                    "detail": {"errorcode": "keymanagement.service.invalid_access_token"},
                }
            },
            Cause.CODE_EXPIRED,
        ),
        (401, {"error": "invalid_client"}, Cause.CLIENT_UNKNOWN),
        (200, {"access_token": "lost"}, Cause.NOT_UNDERSTOOD),
        (200, "<html>", Cause.NOT_UNDERSTOOD),
    ],
)
async def test_answers_that_end_a_sign_in(
    status: int, body: Json, cause: Cause, begin: Begin, cloud: Simulator
) -> None:
    sign_in = await begin()
    cloud.faults.append(Fault(path=TOKEN, status=status, body=body))
    assert cause_of(await ends_with(sign_in)) is cause
    assert asked(cloud, TOKEN) == [("token", status)]


async def test_an_error_of_the_protocol_ends_it_too(begin: Begin, cloud: Simulator) -> None:
    sign_in = await begin()
    cloud.faults.append(Fault(path=TOKEN, status=400, body={"error": "invalid_request"}))
    assert isinstance(await ends_with(sign_in), OAuthRefusalError)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path=TOKEN, status=500, body="<html>", times=2),
        Fault(path=TOKEN, status=503, times=2),
        Fault(path=TOKEN, status=403, body="<html>", times=2),
        Fault(path=TOKEN, drop=True, times=2),
    ],
    ids=["500", "503", "403 without a word", "dropped"],
)
async def test_bad_minutes_of_the_way_do_not_end_it(
    fault: Fault, begin: Begin, cloud: Simulator, sleep: Sleeper
) -> None:
    sign_in = await begin()
    cloud.faults.append(fault)
    approve_after(sleep, 1, cloud, sign_in)
    assert (await sign_in.complete()).gcid
    assert sleep.naps == [5, 5, 5]


@pytest.mark.parametrize("missing", [{API_SCOPE}, {STREAM_SCOPE}, {API_SCOPE, STREAM_SCOPE}])
async def test_the_scope_that_was_forgotten_in_the_portal_is_found(
    missing: set[str], begin: Begin, cloud: Simulator
) -> None:
    cloud.cardata.customer().subscribed -= missing
    with pytest.raises(SignInFailedError) as raised:
        await begin()
    assert raised.value.cause is Cause.SCOPE_NOT_SUBSCRIBED
    assert raised.value.scopes == missing


async def test_a_client_id_that_bmw_does_not_know(cloud: Simulator, http: httpx.AsyncClient, clock: Clock) -> None:
    with pytest.raises(SignInFailedError) as raised:
        await DeviceSignIn.begin("0" * 8 + "-0000-0000-0000-" + "0" * 12, http=http, clock=clock)
    assert raised.value.cause is Cause.CLIENT_UNKNOWN
    assert asked(cloud, DEVICE_CODE) == [("code", 401)]


async def test_a_client_without_any_scope_is_none(begin: Begin, cloud: Simulator) -> None:
    cloud.cardata.customer().subscribed.clear()
    with pytest.raises(SignInFailedError) as raised:
        await begin()
    assert raised.value.cause is Cause.CLIENT_UNKNOWN


async def test_a_portal_that_needs_a_minute(begin: Begin, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=DEVICE_CODE, status=400, body={"error": "invalid_request"}, times=1))
    with pytest.raises(TryLaterError) as raised:
        await begin()
    assert cause_of(raised.value) is Cause.OUT_OF_ORDER


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path=DEVICE_CODE, status=500),
        Fault(path=DEVICE_CODE, status=200, body={"user_code": "x"}),
        Fault(path=DEVICE_CODE, status=200, body=[]),
        Fault(path=DEVICE_CODE, status=400, body={"error": "something_new"}),
        Fault(path=DEVICE_CODE, drop=True),
    ],
)
async def test_a_sign_in_that_does_not_begin(fault: Fault, begin: Begin, cloud: Simulator) -> None:
    cloud.faults.append(fault)
    with pytest.raises(TryLaterError):
        await begin()


async def test_trouble_while_looking_for_the_missing_scope_is_told_as_such(begin: Begin, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=DEVICE_CODE, status=400, body={"error": "invalid_request"}, times=1))
    cloud.faults.append(Fault(path=DEVICE_CODE, status=401, body={"error": "something_new"}, times=1))
    with pytest.raises(OAuthRefusalError):
        await begin()


@pytest.mark.parametrize("text", ["", "my client", "0123", "01234567-89ab-cdef-0123-456789abcdeg"])
def test_what_is_no_client_id(text: str) -> None:
    with pytest.raises(ValueError, match="a client id looks like"):
        read_client_id(text)


def test_a_client_id_is_taken_in_any_spelling() -> None:
    assert read_client_id(" 01234567-89AB-cdef-0123-456789abcdef\n") == "01234567-89ab-cdef-0123-456789abcdef"


async def test_nothing_leaves_for_elsewhere(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "http://example.com:80")
    with pytest.raises(ValueError, match="may only be"):
        await DeviceSignIn.begin("01234567-89ab-cdef-0123-456789abcdef", http=http, clock=Clock())


async def test_a_sign_in_can_be_given_up(begin: Begin, clock: Clock) -> None:
    sign_in = await begin()
    waiting = asyncio.create_task(
        DeviceSignIn(sign_in._identity, sign_in.code, clock=clock, sleep=asyncio.sleep).complete()
    )
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_new_sign_in_frees_no_calls(begin: Begin, cloud: Simulator, sleep: Sleeper) -> None:
    sign_in = await begin()
    approve_after(sleep, 1, cloud, sign_in)
    grant = await sign_in.complete()
    known: dict[str, Json] = {"calls": {"calls": [], "full_until": NOW.isoformat()}, "grant": {"gcid": "old"}}
    credentials = after_sign_in(known, first_credentials(grant))
    assert credentials["calls"] == known["calls"]
    assert number_of(credentials) == grant.gcid
    assert number_of({}) is number_of({"grant": {"gcid": 1}}) is None


def test_pkce_as_its_paper_has_it() -> None:
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert len(new_verifier()) == 43
    assert new_verifier() != new_verifier()


@pytest.mark.parametrize(
    "change",
    [
        {"user_code": None},
        {"user_code": "with space"},
        {"device_code": 5},
        {"verification_uri": None},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "https://[broken"},
        {"verification_uri": "https://"},
    ],
)
def test_a_code_that_cannot_be_shown_is_none(change: dict[str, Json]) -> None:
    answer: dict[str, Json] = {"user_code": "abcd", "device_code": "d", "verification_uri": "https://bmw.example/link"}
    assert DeviceCode.answered(answer, "v", NOW)
    assert DeviceCode.answered(answer | change, "v", NOW) is None


def test_what_is_missing_of_a_code_is_assumed() -> None:
    answer: Json = {"user_code": "a&b", "device_code": "d", "verification_uri": "https://bmw.example/link"}
    code = DeviceCode.answered(answer, "v", NOW)
    assert code
    assert (code.interval_s, code.ends_at - NOW) == (5, timedelta(minutes=5))
    assert code.page_with_code == "https://bmw.example/link?user_code=a%26b"


@pytest.mark.parametrize("wait", ["Fri, 31 Dec 9999 23:59:59 -2359", "999999999"])
async def test_no_wait_is_longer_than_a_day(begin: Begin, cloud: Simulator, wait: str) -> None:
    cloud.faults.append(Fault(path=DEVICE_CODE, status=429, headers={"retry-after": wait}))
    with pytest.raises(SlowDownError) as raised:
        await begin()
    assert raised.value.until == NOW + timedelta(days=1)
