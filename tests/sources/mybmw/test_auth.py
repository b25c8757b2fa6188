"""Signing in, everywhere but in China."""

import base64
from hashlib import sha256
import re
from urllib.parse import parse_qsl
from uuid import UUID

from aiohttp import web
import httpx
import orjson
import pytest

from custom_components.mybmw.sources import (
    Credentials,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Account, Region, sign_in

from .cloud import (
    ACCOUNT,
    ALL_SCOPES,
    AUTHENTICATE,
    BLOCKED,
    CONFIG,
    DEAD_TOKEN,
    FORBIDDEN,
    HTML,
    LOGIN_FAILED,
    QUOTA,
    TOKEN,
    Clock,
    Cloud,
    Reply,
    form_of,
    recorded,
)

AMERICAN = Account(username="owner@example.com", password="secret", region=Region.NORTH_AMERICA)


async def signed_in(cloud: Cloud, clock: Clock, account: Account = ACCOUNT) -> Credentials:
    """The credentials that a sign-in brings."""
    return await sign_in(account, http=cloud.http, clock=clock, captcha_token=" P1_cap\ntcha ")


def half(cloud: Cloud, number: int, reply: Reply) -> None:
    """Reply this to the first or second half of an authentication."""
    cloud.replies[AUTHENTICATE] = lambda request: (
        reply if ("password" in form_of(request)) is (number == 1) else cloud.authenticate(request)
    )


async def test_a_sign_in_request_by_request(cloud: Cloud, clock: Clock) -> None:
    credentials = await signed_in(cloud, clock)
    config, first, second, token = cloud.requests
    introduction = f"android({credentials['build']});bmw;4.9.2(36892);row"
    for request in cloud.requests:
        assert request.headers["user-agent"] == "Dart/3.3 (dart:io)"
        assert request.headers["x-user-agent"] == introduction
        assert request.headers["accept"] == "*/*"

    assert (config.method, str(config.url)) == ("GET", f"https://cocoapi.bmwgroup.com{CONFIG}")
    assert config.headers["ocp-apim-subscription-key"] == "4f1c85a3-758f-a37d-bbb6-f8704494acfa"
    assert config.headers["bmw-session-id"] == credentials["session_id"]
    assert config.headers["x-identity-provider"] == "gcdm"
    assert config.headers["x-correlation-id"] == config.headers["bmw-correlation-id"]
    assert UUID(config.headers["x-correlation-id"]).version == 4

    assert (first.method, str(first.url)) == ("POST", f"https://customer.bmwgroup.com{AUTHENTICATE}")
    assert first.headers["hcaptchatoken"] == "P1_captcha"
    form = form_of(first)
    base = {key: form[key] for key in ("state", "nonce", "code_challenge")} | {
        "client_id": "clientId",
        "response_type": "code",
        "scope": ALL_SCOPES,
        "redirect_uri": "com.bmw.connected://oauth",
        "code_challenge_method": "S256",
    }
    assert form == base | {
        "grant_type": "authorization_code",
        "username": "owner@example.com",
        "password": "s&cret ü",
    }
    assert re.fullmatch(r"[A-Za-z0-9._~-]{22}", form["state"])
    assert re.fullmatch(r"[A-Za-z0-9._~-]{22}", form["nonce"])
    assert form["nonce"] != form["state"]

    assert second.method == "POST"
    assert str(second.url).partition("?")[0] == str(first.url)
    assert UUID(second.url.params["interaction-id"]).version == 4
    assert second.url.params["client-version"] == introduction
    assert second.url.params.keys() == {"interaction-id", "client-version"}
    assert "hcaptchatoken" not in second.headers
    assert form_of(second) == base | {"authorization": "some_authorization_code"}

    assert (token.method, str(token.url)) == ("POST", f"https://customer.bmwgroup.com{TOKEN}")
    assert token.headers["authorization"] == f"Basic {base64.b64encode(b'clientId:clientSecret').decode()}"
    form = form_of(token)
    verifier = form.pop("code_verifier")
    assert form == {
        "code": "CODE",
        "redirect_uri": "com.bmw.connected://oauth",
        "grant_type": "authorization_code",
    }
    assert re.fullmatch(r"[A-Za-z0-9._~-]{86}", verifier)
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert base["code_challenge"] == challenge


async def test_what_a_sign_in_brings_can_be_stored(cloud: Cloud, clock: Clock) -> None:
    cloud.replies[TOKEN] = recorded("auth_token.json")
    credentials = await signed_in(cloud, clock)
    assert orjson.loads(orjson.dumps(credentials)) == credentials
    assert credentials == {
        "gcid": "DUMMY",
        "refresh_token": "another_token_string",
        "access_token": "some_token_string",
        "expires_at": "2021-11-29T05:28:58.123456+00:00",
        "build": credentials["build"],
        "session_id": credentials["session_id"],
        "session_since": "2021-11-28T21:28:59.123456+00:00",
    }


async def test_each_region_signs_in_at_its_own_host(cloud: Cloud, clock: Clock) -> None:
    await signed_in(cloud, clock, AMERICAN)
    assert cloud.requests[0].url.host == "cocoapi.bmwgroup.us"
    assert cloud.requests[0].headers["ocp-apim-subscription-key"] == "31e102f5-6f7e-7ef3-9044-ddce63891362"
    assert cloud.requests[1].headers["x-user-agent"].endswith(";na")


async def test_two_sign_ins_share_nothing_but_the_app(cloud: Cloud, clock: Clock) -> None:
    first = await signed_in(cloud, clock)
    second = await sign_in(ACCOUNT, http=cloud.http, clock=clock, captcha_token="P1_2", previous=first)
    assert {key for key in first if first[key] == second[key]} == {
        "gcid",
        "expires_at",
        "build",
        "session_id",
        "session_since",
    }
    forms = [form_of(request) for request in cloud.about(AUTHENTICATE) if b"password" in request.content]
    assert all(forms[0][key] != forms[1][key] for key in ("state", "nonce", "code_challenge"))
    assert cloud.requests[0].headers["x-correlation-id"] != cloud.requests[4].headers["x-correlation-id"]


@pytest.mark.parametrize("token", [None, "", "  \n", "P1_ümlaut"])
async def test_without_a_captcha_nothing_is_asked(token: str | None, cloud: Cloud, clock: Clock) -> None:
    with pytest.raises(SignInRequiredError, match="captcha"):
        await sign_in(ACCOUNT, http=cloud.http, clock=clock, captcha_token=token)
    assert not cloud.requests


async def test_a_refused_sign_in_says_that_nobody_knows_why(cloud: Cloud, clock: Clock) -> None:
    half(cloud, 1, recorded(LOGIN_FAILED, status=401))
    with pytest.raises(SignInRequiredError, match=r"password is wrong, or the captcha .* BMW does not tell which"):
        await signed_in(cloud, clock)
    assert len(cloud.requests) == 2


@pytest.mark.parametrize(
    "location",
    [
        "com.bmw.connected://oauth?code=CODE&state=of-another-sign-in",
        "com.bmw.connected://oauth?code=CODE",
        "com.bmw.connected://oauth?error=access_denied&state={state}",
        "com.bmw.connected://oauth?state={state}",
        "com.bmw.connected://[",
        "",
    ],
)
async def test_a_redirect_to_anything_else_ends_the_sign_in(location: str, cloud: Cloud, clock: Clock) -> None:
    def redirect(request: httpx.Request) -> httpx.Response:
        form = form_of(request)
        if "password" in form:
            return recorded("authorization_response.json")
        return httpx.Response(302, headers={"location": location.format(state=form["state"])})

    cloud.replies[AUTHENTICATE] = redirect
    with pytest.raises(SignInRequiredError, match="begin again"):
        await signed_in(cloud, clock)
    assert TOKEN not in cloud.asked


async def test_a_page_instead_of_a_redirect_ends_the_sign_in(cloud: Cloud, clock: Clock) -> None:
    half(cloud, 2, httpx.Response(200, text=HTML))
    with pytest.raises(SignInRequiredError, match="begin again"):
        await signed_in(cloud, clock)


@pytest.mark.parametrize(
    ("path", "number", "reply"),
    [
        (AUTHENTICATE, 1, httpx.Response(400, json=DEAD_TOKEN)),
        (AUTHENTICATE, 1, recorded(LOGIN_FAILED, status=401)),
        (AUTHENTICATE, 2, httpx.Response(400, json=DEAD_TOKEN)),
        (AUTHENTICATE, 2, recorded(LOGIN_FAILED, status=401)),
        (TOKEN, 0, httpx.Response(400, json=DEAD_TOKEN)),
        (TOKEN, 0, recorded(LOGIN_FAILED, status=401)),
    ],
)
async def test_only_the_owner_can_help_where_oauth_refuses(
    path: str, number: int, reply: Reply, cloud: Cloud, clock: Clock
) -> None:
    fail(cloud, path, number, reply)
    with pytest.raises(SignInRequiredError):
        await signed_in(cloud, clock)


def fail(cloud: Cloud, path: str, number: int, reply: Reply) -> None:
    """Reply this at one step of a sign-in."""
    if number:
        half(cloud, number, reply)
    else:
        cloud.replies[path] = reply


STEPS = [(CONFIG, 0), (AUTHENTICATE, 1), (AUTHENTICATE, 2), (TOKEN, 0)]


@pytest.mark.parametrize(("path", "number"), STEPS)
@pytest.mark.parametrize("reply", [BLOCKED, httpx.Response(403, text="Blocked")])
async def test_a_block_is_noticed_at_every_step(
    path: str, number: int, reply: Reply, cloud: Cloud, clock: Clock
) -> None:
    fail(cloud, path, number, reply)
    with pytest.raises(NotAllowedError) as raised:
        await signed_in(cloud, clock)
    assert raised.value.reason is Refusal.BLOCKED


@pytest.mark.parametrize(("path", "number"), STEPS)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (QUOTA, SlowDownError),
        (httpx.Response(429, headers={"retry-after": "86400"}), SlowDownError),
        (FORBIDDEN, NotAllowedError),
        (httpx.Response(401), TryLaterError),
        (httpx.Response(401, text=HTML), TryLaterError),
        (httpx.Response(404, text=HTML), TryLaterError),
        (httpx.Response(408), TryLaterError),
        (httpx.Response(422, json={"error": "x"}), TryLaterError),
        (recorded("auth_error_internal_error.txt", status=500), TryLaterError),
        (httpx.Response(503, text=HTML), TryLaterError),
        (httpx.Response(301, headers={"location": "https://example.org"}), TryLaterError),
        (httpx.ReadTimeout(""), TryLaterError),
    ],
)
async def test_every_other_failure_has_its_meaning_at_every_step(
    path: str, number: int, reply: Reply, error: type[SourceError], cloud: Cloud
) -> None:
    fail(cloud, path, number, reply)
    with pytest.raises(error) as raised:
        await signed_in(cloud, Clock())
    assert type(raised.value) is error


@pytest.mark.parametrize(("path", "number"), [(CONFIG, 0), (AUTHENTICATE, 1), (TOKEN, 0)])
@pytest.mark.parametrize(
    "reply", [httpx.Response(200, text=HTML), httpx.Response(200, json={}), httpx.Response(200, json=[])]
)
async def test_answers_that_make_no_sense_pass(
    path: str, number: int, reply: Reply, cloud: Cloud, clock: Clock
) -> None:
    fail(cloud, path, number, reply)
    with pytest.raises(TryLaterError):
        await signed_in(cloud, clock)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://example.org/gcdm/oauth/token",
        "http://customer.bmwgroup.com/gcdm/oauth/token",
        "https://customer.bmwgroup.com.example.org/gcdm/oauth/token",
        "http://127.0.0.1:8199/gcdm/oauth/token",
    ],
)
async def test_no_password_leaves_for_elsewhere(endpoint: str, cloud: Cloud, clock: Clock) -> None:
    config = orjson.loads(recorded("oauth_config.json").content)
    cloud.replies[CONFIG] = httpx.Response(200, json=config | {"tokenEndpoint": endpoint})
    with pytest.raises(TryLaterError, match="not one of BMW's"):
        await signed_in(cloud, clock)
    assert cloud.asked == {CONFIG: 1}


@pytest.mark.parametrize("missing", ["clientId", "clientSecret", "returnUrl", "scopes", "tokenEndpoint"])
async def test_nothing_is_asked_with_half_a_configuration(missing: str, cloud: Cloud, clock: Clock) -> None:
    config = orjson.loads(recorded("oauth_config.json").content)
    del config[missing]
    cloud.replies[CONFIG] = httpx.Response(200, json=config)
    with pytest.raises(TryLaterError):
        await signed_in(cloud, clock)
    assert cloud.asked == {CONFIG: 1}


async def test_a_redirected_sign_in_stays_on_this_machine(
    cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:8199")
    with pytest.raises(TryLaterError, match="not one of BMW's"):
        await signed_in(cloud, clock)
    config = orjson.loads(recorded("oauth_config.json").content)
    cloud.replies[CONFIG] = httpx.Response(200, json=config | {"tokenEndpoint": f"http://127.0.0.1:8199{TOKEN}"})
    await signed_in(cloud, clock)
    assert {str(request.url.copy_with(query=None, path="/")) for request in cloud.requests} == {
        "http://127.0.0.1:8199/"
    }


@pytest.mark.usefixtures("socket_enabled")
async def test_cookies_go_from_one_half_to_the_other_and_no_further(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookies: list[str | None] = []

    async def config(request: web.Request) -> web.Response:
        document = orjson.loads(recorded("oauth_config.json").content)
        return web.json_response(document | {"tokenEndpoint": f"{request.url.origin()}{TOKEN}"})

    async def authenticate(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("cookie"))
        form = dict(parse_qsl(await request.text()))
        if "password" in form:
            answer = web.Response(body=recorded("authorization_response.json").content)
            answer.set_cookie("GCDMSSO", "of-this-sign-in")
            return answer
        location = f"com.bmw.connected://oauth?code=CODE&state={form['state']}"
        return web.Response(status=302, headers={"location": location})

    async def token(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("cookie"))
        return web.Response(body=recorded("auth_token.json").content)

    application = web.Application()
    application.router.add_get(CONFIG, config)
    application.router.add_post(AUTHENTICATE, authenticate)
    application.router.add_post(TOKEN, token)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv(LOOPBACK, f"http://127.0.0.1:{runner.addresses[0][1]}")
    async with httpx.AsyncClient(cookies={"of-somebody": "else"}) as http:
        for _ in range(2):
            await sign_in(ACCOUNT, http=http, clock=clock, captcha_token="P1_captcha")
    await runner.cleanup()
    assert cookies == [None, "GCDMSSO=of-this-sign-in", None] * 2


async def test_no_secret_shows_in_an_error(cloud: Cloud, clock: Clock) -> None:
    for path, number in STEPS:
        for reply in (httpx.Response(418, text=str(ACCOUNT.password)), httpx.ConnectError(ACCOUNT.password)):
            fresh = Cloud("I20")
            fail(fresh, path, number, reply)
            with pytest.raises(SourceError) as raised:
                await signed_in(fresh, clock)
            assert ACCOUNT.password not in str(raised.value)
    assert "s&cret" not in repr(ACCOUNT)
    assert "owner" not in repr(ACCOUNT)
    assert not cloud.requests
