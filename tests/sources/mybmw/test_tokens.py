"""The key to an account is renewed in time, once, and never lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import gc
from typing import override

import pytest

from custom_components.mybmw.sources import Credentials, SignInRequiredError, TryLaterError
from custom_components.mybmw.sources.mybmw.credentials import AppIdentity, Grant, to_keep
from custom_components.mybmw.sources.mybmw.tokens import Login, TokenKeeper

from .cloud import Clock


class Desk(Login):
    """Gives out numbered grants, when it is told to."""

    def __init__(self, clock: Clock) -> None:
        self.asked: list[str | None] = []
        self.identities: list[AppIdentity] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.error: Exception | None = None
        self.next_grant: Grant | None = None
        self._clock = clock

    @override
    async def sign_in(self, identity: AppIdentity, captcha_token: str | None) -> Grant:
        raise NotImplementedError

    @override
    async def renew(self, identity: AppIdentity, grant: Grant | None) -> Grant:
        self.asked.append(grant.refresh_token if grant else None)
        self.identities.append(identity)
        await self.is_open.wait()
        if self.error:
            raise self.error
        grant, self.next_grant = self.next_grant or numbered(len(self.asked), self._clock), None
        return grant


def numbered(number: int, clock: Clock) -> Grant:
    """One of many grants."""
    return Grant(
        access_token=f"access-{number}",
        expires_at=clock() + timedelta(hours=1),
        refresh_token=f"refresh-{number}",
        gcid="G",
    )


class Diary:
    """Keeps credentials, or fails to, and notes what happens in which order."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.kept: list[Credentials] = []
        self.error: Exception | None = None

    async def keep(self, credentials: Credentials) -> None:
        """Keep them as slowly as a disk."""
        self.entries.append("keep begins")
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.kept.append(credentials)
        self.entries.append("kept")


@pytest.fixture
def desk(clock: Clock) -> Desk:
    """Where grants come from."""
    return Desk(clock)


@pytest.fixture
def diary() -> Diary:
    """Where they go."""
    return Diary()


@pytest.fixture
def tokens(desk: Desk, diary: Diary, clock: Clock) -> TokenKeeper:
    """What keeps them, from the grant number 0 on."""
    credentials = to_keep(AppIdentity.made_up(clock()), numbered(0, clock))
    return TokenKeeper(desk, credentials, keep=diary.keep, clock=clock)


async def settle() -> None:
    """Let everybody go on as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_good_token_is_used_as_it_is(tokens: TokenKeeper, desk: Desk) -> None:
    assert await tokens.access_token() == "access-0"
    assert not desk.asked


async def test_a_token_is_renewed_a_minute_before_its_end(tokens: TokenKeeper, desk: Desk, clock: Clock) -> None:
    clock.advance(seconds=3600 - 61)
    assert await tokens.access_token() == "access-0"
    clock.advance(seconds=1)
    assert await tokens.access_token() == "access-1"
    assert desk.asked == ["refresh-0"]


async def test_a_rejected_token_is_renewed(tokens: TokenKeeper, desk: Desk) -> None:
    assert await tokens.access_token("access-0") == "access-1"
    assert await tokens.access_token("access-1") == "access-2"
    assert desk.asked == ["refresh-0", "refresh-1"]


async def test_a_token_rejected_by_many_is_renewed_once(tokens: TokenKeeper, desk: Desk) -> None:
    desk.is_open.clear()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(tokens.access_token("access-0")) for _ in range(4)]
        tasks.append(group.create_task(tokens.access_token()))  # would get the rejected one if it did not wait
        await settle()
        desk.is_open.set()
    assert {task.result() for task in tasks} == {"access-1"}
    assert desk.asked == ["refresh-0"]


async def test_who_is_late_with_a_rejected_token_gets_the_new_one(tokens: TokenKeeper, desk: Desk) -> None:
    await tokens.access_token("access-0")
    assert await tokens.access_token("access-0") == "access-1"
    assert len(desk.asked) == 1


async def test_closing_waits_for_a_renewal_to_be_kept(tokens: TokenKeeper, desk: Desk, diary: Diary) -> None:
    await tokens.close()
    desk.is_open.clear()
    asking = asyncio.create_task(tokens.access_token("access-0"))
    await settle()
    closing = asyncio.create_task(tokens.close())
    await settle()
    assert not closing.done()
    desk.is_open.set()
    await closing
    assert diary.kept[0]["refresh_token"] == "refresh-1"
    assert await asking == "access-1"


async def test_new_credentials_are_kept_before_they_are_used(tokens: TokenKeeper, diary: Diary) -> None:
    async def use(rejected: str | None) -> None:
        diary.entries.append(f"{await tokens.access_token(rejected)} used")

    await asyncio.gather(use("access-0"), use("access-0"), use(None))
    assert diary.entries == ["keep begins", "kept", *["access-1 used"] * 3]
    assert diary.kept[0]["refresh_token"] == "refresh-1"


async def test_a_failed_renewal_fails_for_all_and_keeps_the_old_grant(tokens: TokenKeeper, desk: Desk) -> None:
    desk.error = TryLaterError("out of order")
    desk.is_open.clear()
    tasks = [asyncio.create_task(tokens.access_token("access-0")) for _ in range(3)]
    await settle()
    desk.is_open.set()
    assert [str(err) for err in await asyncio.gather(*tasks, return_exceptions=True)] == ["out of order"] * 3
    desk.error = None
    assert await tokens.access_token("access-0") == "access-2"
    assert desk.asked == ["refresh-0", "refresh-0"]


async def test_a_renewal_goes_on_when_nobody_waits_any_more(tokens: TokenKeeper, desk: Desk, diary: Diary) -> None:
    desk.is_open.clear()
    waiting = asyncio.create_task(tokens.access_token("access-0"))
    await settle()
    waiting.cancel()
    await settle()
    assert waiting.cancelled()
    desk.is_open.set()
    await settle()
    assert diary.kept[0]["refresh_token"] == "refresh-1"
    assert await tokens.access_token() == "access-1"
    assert len(desk.asked) == 1


async def test_a_failure_that_nobody_waits_for_is_no_news(
    tokens: TokenKeeper, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.is_open.clear()
    desk.error = TryLaterError("out of order")
    waiting = asyncio.create_task(tokens.access_token("access-0"))
    await settle()
    waiting.cancel()
    await settle()
    desk.is_open.set()
    await settle()
    del waiting
    gc.collect()  # when a task is forgotten, asyncio complains of an error that nobody looked at
    assert "out of order" not in caplog.text


async def test_what_could_not_be_kept_is_kept_before_anything_else(
    tokens: TokenKeeper, desk: Desk, diary: Diary
) -> None:
    diary.error = OSError("disk full")
    for _ in range(3):
        with pytest.raises(TryLaterError, match="OSError"):
            await tokens.access_token("access-0")
    assert diary.entries == ["keep begins"] * 3
    diary.error = None
    assert await tokens.access_token("access-0") == "access-1"
    assert [credentials["refresh_token"] for credentials in diary.kept] == ["refresh-1"]
    assert await tokens.access_token() == "access-1"
    assert desk.asked == ["refresh-0"]
    assert len(diary.kept) == 1


async def test_many_who_wait_for_a_disk_write_once(tokens: TokenKeeper, diary: Diary) -> None:
    diary.error = OSError("disk full")
    answers = await asyncio.gather(*(tokens.access_token("access-0") for _ in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [TryLaterError] * 4
    diary.error = None
    assert await asyncio.gather(*(tokens.access_token() for _ in range(4))) == ["access-1"] * 4
    assert diary.entries == ["keep begins", "keep begins", "kept"]


async def test_what_ended_before_it_could_be_kept_is_kept_and_renewed(
    tokens: TokenKeeper, desk: Desk, diary: Diary, clock: Clock
) -> None:
    diary.error = OSError("disk full")
    with pytest.raises(TryLaterError):
        await tokens.access_token("access-0")
    clock.advance(hours=1)
    diary.error = None
    assert await tokens.access_token() == "access-2"
    assert desk.asked == ["refresh-0", "refresh-1"]
    assert [credentials["refresh_token"] for credentials in diary.kept] == ["refresh-1", "refresh-2"]


async def test_closing_keeps_what_could_not_be_kept(
    tokens: TokenKeeper, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    diary.error = OSError("disk full")
    with pytest.raises(TryLaterError):
        await tokens.access_token("access-0")
    await tokens.close()
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "sign in again" in warning.getMessage()
    assert "refresh-1" not in caplog.text
    assert not diary.kept
    diary.error = None
    await tokens.close()
    await tokens.close()
    assert [credentials["refresh_token"] for credentials in diary.kept] == ["refresh-1"]


async def test_closing_keeps_what_a_renewal_under_way_could_not_keep(
    tokens: TokenKeeper, desk: Desk, diary: Diary
) -> None:
    desk.is_open.clear()
    diary.error = OSError("disk full for a moment")
    asking = asyncio.create_task(tokens.access_token("access-0"))
    await settle()
    closing = asyncio.create_task(tokens.close())
    desk.is_open.set()
    with pytest.raises(TryLaterError):
        await asking
    diary.error = None
    await closing
    assert [credentials["refresh_token"] for credentials in diary.kept] == ["refresh-1"]


async def test_a_new_refresh_token_is_kept_though_nothing_can_be_asked_yet(
    tokens: TokenKeeper, desk: Desk, diary: Diary, clock: Clock
) -> None:
    desk.next_grant = replace(numbered(1, clock), access_token="", expires_at=clock())
    with pytest.raises(TryLaterError, match="access token"):
        await tokens.access_token("access-0")
    assert diary.kept[0]["refresh_token"] == "refresh-1"
    assert await tokens.access_token() == "access-2"
    assert desk.asked == ["refresh-0", "refresh-1"]


async def test_a_token_is_young_for_an_hour(tokens: TokenKeeper, clock: Clock) -> None:
    assert tokens.is_newest("access-0")
    young = [tokens.is_young]  # nobody knows how old the first one is
    await tokens.access_token("access-0")
    assert tokens.is_newest("access-1")
    assert not tokens.is_newest("access-0")
    for seconds in (0, 3599, 1):
        clock.advance(seconds=seconds)
        young.append(tokens.is_young)
    assert young == [False, True, True, False]


async def test_who_was_never_let_in_asks_the_desk(desk: Desk, diary: Diary, clock: Clock) -> None:
    tokens = TokenKeeper(desk, {}, keep=diary.keep, clock=clock)
    desk.error = SignInRequiredError("sign in")
    with pytest.raises(SignInRequiredError):
        await tokens.access_token()
    assert desk.asked == [None]
    assert not tokens.is_newest("")
    await tokens.close()
    assert not diary.entries


async def test_a_session_is_renewed_with_the_token_after_two_weeks(
    tokens: TokenKeeper, desk: Desk, diary: Diary, clock: Clock
) -> None:
    first = tokens.identity
    clock.advance(days=13)
    await tokens.access_token()
    clock.advance(days=1)
    await tokens.access_token()
    assert diary.kept[0]["session_id"] == first.session_id
    assert diary.kept[1]["session_id"] == tokens.identity.session_id != first.session_id
    assert tokens.identity == desk.identities[1]
    assert tokens.identity.build == first.build
