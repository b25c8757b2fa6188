"""What lets us in again, and the app we are seen as."""

import base64
from datetime import UTC, datetime, timedelta
import re

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.credentials import AppIdentity, Grant, to_keep

from .cloud import Clock, recorded

GRANT: dict[str, Json] = {"access_token": "access", "refresh_token": "refresh", "gcid": "customer", "expires_in": 3600}


def jwt(claims: Json) -> str:
    """A token that says something about itself; nobody looks at its signature."""
    return f"head.{base64.urlsafe_b64encode(orjson.dumps(claims)).decode().rstrip('=')}.signature"


def lifetime(answer: dict[str, Json], now: datetime) -> timedelta:
    """How long the grant in an answer is good."""
    grant = Grant.read(GRANT | answer, now)
    assert grant
    return grant.expires_at - now


def test_made_up_identities_look_like_builds_and_differ(clock: Clock) -> None:
    builds = {AppIdentity.made_up(clock()).build for _ in range(50)}
    assert len(builds) > 45
    assert all(re.fullmatch(r"AP2A\.\d{6}\.\d{3}", build) for build in builds)


def test_an_identity_is_remembered(clock: Clock) -> None:
    identity = AppIdentity.made_up(clock())
    grant = Grant.read(GRANT, clock())
    assert grant
    kept = orjson.loads(orjson.dumps(to_keep(identity, grant)))
    clock.advance(days=13, hours=23)
    assert AppIdentity.remembered(kept, clock()) == identity
    assert Grant.remembered(kept, clock()) == grant


def test_after_fourteen_days_the_session_is_a_new_one_but_the_build_the_same(clock: Clock) -> None:
    identity = AppIdentity.made_up(clock())
    clock.advance(days=14)
    renewed = identity.at(clock())
    assert renewed.build == identity.build
    assert renewed.session_id != identity.session_id
    assert renewed.session_since == clock()


def test_a_build_outlives_a_lost_session(clock: Clock) -> None:
    identity = AppIdentity.remembered({"build": "AP2A.123456.789", "session_id": "lost in time"}, clock())
    assert identity.build == "AP2A.123456.789"
    assert identity.session_since == clock()


def test_secrets_do_not_show(clock: Clock) -> None:
    assert "access" not in repr(Grant.read(GRANT, clock())).replace("access_token", "")
    assert "customer" not in repr(Grant.read(GRANT, clock()))


def test_a_token_is_fresh_until_a_minute_before_its_end(clock: Clock) -> None:
    grant = Grant.read(GRANT, clock())
    assert grant
    clock.advance(seconds=3600 - 61)
    assert grant.is_fresh(clock())
    clock.advance(seconds=1)
    assert not grant.is_fresh(clock())


def test_what_an_answer_leaves_out_stays_as_it_was(clock: Clock) -> None:
    first = Grant.read(GRANT, clock())
    second = Grant.read({"access_token": "newer"}, clock(), first)
    assert second
    assert (second.access_token, second.refresh_token, second.gcid) == ("newer", "refresh", "customer")


UNUSABLE = [None, "", 5, "with space", "with\nnewline", "ümlaut"]


@pytest.mark.parametrize("missing", ["refresh_token", "gcid"])
@pytest.mark.parametrize("value", UNUSABLE)
def test_an_answer_without_what_counts_is_no_grant(missing: str, value: Json, clock: Clock) -> None:
    assert Grant.read(GRANT | {missing: value}, clock()) is None


@pytest.mark.parametrize("value", UNUSABLE)
def test_a_new_refresh_token_is_a_grant_without_an_access_token(value: Json, clock: Clock) -> None:
    first = Grant.read(GRANT, clock())
    for previous in (None, first):
        grant = Grant.read(GRANT | {"access_token": value, "refresh_token": "newer"}, clock(), previous)
        assert grant
        assert (grant.access_token, grant.refresh_token, grant.expires_at) == ("", "newer", clock())
        assert not grant.is_fresh(clock())
        assert Grant.remembered(to_keep(AppIdentity.made_up(clock()), grant), clock()) == grant


@pytest.mark.parametrize("answer", [{}, {"access_token": "with space"}, {"gcid": "other", "expires_in": 5}])
def test_an_answer_without_anything_new_is_no_grant(answer: Json, clock: Clock) -> None:
    assert Grant.read(answer, clock(), Grant.read(GRANT, clock())) is None


@pytest.mark.parametrize("answer", [None, [], "text", 5])
def test_an_answer_that_is_no_object_is_no_grant(answer: Json, clock: Clock) -> None:
    assert Grant.read(answer, clock()) is None


@pytest.mark.parametrize(
    ("expires_in", "expected"),
    [
        (28799, timedelta(seconds=28799)),
        (600.5, timedelta(seconds=600.5)),
        (1, timedelta(minutes=5)),
        (-1, timedelta(minutes=5)),
        (10**30, timedelta(days=1)),
        (None, timedelta(hours=1)),
        ("28799", timedelta(hours=1)),
        (True, timedelta(hours=1)),
    ],
)
def test_lifetimes_are_reasonable(expires_in: Json, expected: timedelta, clock: Clock) -> None:
    assert lifetime({"expires_in": expires_in}, clock()) == expected


def test_a_token_tells_its_own_end(clock: Clock) -> None:
    clock.now = clock.now.replace(microsecond=0)
    end = clock().timestamp() + 1800
    assert lifetime({"expires_in": None, "access_token": jwt({"exp": end})}, clock()) == timedelta(seconds=1800)


@pytest.mark.parametrize("token", [jwt({}), jwt([]), jwt({"exp": "soon"}), jwt({"exp": True}), "a.b.c", "a.!.c", "a"])
def test_a_token_that_tells_nothing_is_believed_for_an_hour(token: str, clock: Clock) -> None:
    assert lifetime({"expires_in": None, "access_token": token}, clock()) == timedelta(hours=1)


def test_the_recorded_chinese_token_lives_fifty_five_minutes() -> None:
    token = orjson.loads(recorded("auth_cn_login_pwd.json").content)["data"]["access_token"]
    claims = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    issued = datetime.fromtimestamp(claims["nbf"], tz=UTC)
    assert lifetime({"expires_in": None, "access_token": token}, issued) == timedelta(seconds=3300)


def test_moments_beyond_the_calendar_do_no_harm(clock: Clock) -> None:
    grant = Grant.remembered(
        {"refresh_token": "refresh", "access_token": "access", "expires_at": "0001-01-01T00:00:00+23:00"}, clock()
    )
    assert grant
    assert not grant.is_fresh(clock())


@given(
    st.dictionaries(
        st.sampled_from(
            ["gcid", "refresh_token", "access_token", "expires_at", "build", "session_id", "session_since"]
        ),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.datetimes().map(str),
    )
)
def test_damaged_credentials_do_no_harm(credentials: dict[str, Json]) -> None:
    now = Clock()()
    grant = Grant.remembered(credentials, now)
    assert grant is None or grant.refresh_token == credentials["refresh_token"]
    AppIdentity.remembered(credentials, now)
