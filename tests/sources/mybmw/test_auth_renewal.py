"""Staying signed in, everywhere but in China."""

import httpx
import orjson
import pytest

from custom_components.mybmw.sources import (
    NotAllowedError,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.mybmw.auth import OAuthLogin
from custom_components.mybmw.sources.mybmw.credentials import AppIdentity, Grant
from custom_components.mybmw.sources.mybmw.wire import Wire

from .cloud import (
    ACCOUNT,
    ALL_SCOPES,
    BLOCKED,
    CONFIG,
    DEAD_TOKEN,
    FORBIDDEN,
    HTML,
    QUOTA,
    TOKEN,
    Clock,
    Cloud,
    Reply,
    Sleeper,
    form_of,
    recorded,
)


async def renewed(cloud: Cloud, clock: Clock, sleep: Sleeper) -> Grant:
    """The grant that a renewal brings."""
    login = OAuthLogin(ACCOUNT, Wire(cloud.http, clock, sleep), clock)
    old = Grant(access_token="old", expires_at=clock(), refresh_token="refresh-0", gcid="G")
    return await login.renew(AppIdentity.made_up(clock()), old)


async def test_a_renewal_request_by_request(cloud: Cloud, clock: Clock, sleep: Sleeper) -> None:
    grant = await renewed(cloud, clock, sleep)
    assert (grant.access_token, grant.refresh_token) == ("token-1", "refresh-1")
    config, token = cloud.requests
    assert config.url.path == CONFIG
    assert token.headers["authorization"].startswith("Basic ")
    assert form_of(token) == {
        "scope": ALL_SCOPES,
        "redirect_uri": "com.bmw.connected://oauth",
        "grant_type": "refresh_token",
        "refresh_token": "refresh-0",
    }


async def test_an_account_that_never_signed_in_has_to(cloud: Cloud, clock: Clock) -> None:
    login = OAuthLogin(ACCOUNT, Wire(cloud.http, clock), clock)
    with pytest.raises(SignInRequiredError):
        await login.renew(AppIdentity.made_up(clock()), None)
    assert not cloud.requests


@pytest.mark.parametrize("status", [400, 401])
async def test_a_dead_refresh_token_needs_the_owner(status: int, cloud: Cloud, clock: Clock, sleep: Sleeper) -> None:
    cloud.replies[TOKEN] = httpx.Response(status, json=DEAD_TOKEN)
    with pytest.raises(SignInRequiredError, match="sign in again"):
        await renewed(cloud, clock, sleep)


@pytest.mark.parametrize("path", [CONFIG, TOKEN])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(400), TryLaterError),
        (httpx.Response(400, text=HTML), TryLaterError),
        (httpx.Response(401, json={"statusCode": 401, "message": "no key"}), TryLaterError),
        (httpx.Response(401, json={"error": ""}), TryLaterError),
        (httpx.Response(429), SlowDownError),
        (httpx.Response(500, json=DEAD_TOKEN), TryLaterError),
        (FORBIDDEN, NotAllowedError),
        (QUOTA, SlowDownError),
        (BLOCKED, NotAllowedError),
        (httpx.ConnectError(""), TryLaterError),
    ],
)
async def test_nothing_else_kills_a_refresh_token(
    path: str, reply: Reply, error: type[SourceError], cloud: Cloud, sleep: Sleeper
) -> None:
    cloud.replies[path] = reply
    with pytest.raises(error):
        await renewed(cloud, Clock(), sleep)


async def test_an_oauth_refusal_of_the_configuration_does_not_kill_it_either(
    cloud: Cloud, clock: Clock, sleep: Sleeper
) -> None:
    cloud.replies[CONFIG] = httpx.Response(401, json=DEAD_TOKEN)
    with pytest.raises(TryLaterError):
        await renewed(cloud, clock, sleep)


async def test_no_refresh_token_leaves_for_elsewhere(cloud: Cloud, clock: Clock, sleep: Sleeper) -> None:
    config = orjson.loads(recorded("oauth_config.json").content)
    cloud.replies[CONFIG] = httpx.Response(200, json=config | {"tokenEndpoint": "https://example.org/token"})
    with pytest.raises(TryLaterError, match="not one of BMW's"):
        await renewed(cloud, clock, sleep)
    assert cloud.asked == {CONFIG: 1}
