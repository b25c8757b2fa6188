"""An account is taken down: nothing is lost that was under way, and nothing is left behind."""

import asyncio
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
import logging
from typing import Final, Self, override
from unittest.mock import patch

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import httpx
import pytest

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.sources import Clock, Credentials, Fetch, KeepCredentials, NotAllowedError, Refusal
from custom_components.mybmw.sources.loopback import LOOPBACK

from .account import FakeSource, a_car, account_entry, mileage, set_up, try_to_set_up
from .door import CREDENTIALS, NEW_PASSWORD, begin, entry_made, known_account, paste, reconfigure, stored, submit
from .simulator import DEMO_PASSWORD, DEMO_USERNAMES, Fault, Simulator
from .simulator.faults import Answer
from .test_shared_cars import OTHER_GCID, shared_cars_issue

RENEWED: Final[Credentials] = {"refresh_token": "of the sign-in before"}

HOME_ASSISTANT_WAITS: Final = timedelta(seconds=11)
"""A little longer than it waits for what an account has left to do when it is unloaded."""

BLOCKED: Final = NotAllowedError("Blocked", Refusal.BLOCKED)


@dataclass(slots=True, kw_only=True, eq=False)
class LateAnswer(Fault):
    """The cloud does what it is asked at once, and says so late."""

    is_heard: asyncio.Event = field(default_factory=asyncio.Event)
    is_said: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def play(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        right = await answer(request)
        self.struck += 1
        self.is_heard.set()
        await self.is_said.wait()
        return right


class WatchedSource(FakeSource):
    """Tells whether its way to the cloud was still there when it was closed, and can be slow to look at its cars."""

    def __init__(self) -> None:
        super().__init__()
        self.had_connection: list[bool] = []
        self.is_asked = asyncio.Event()
        self.may_tell = asyncio.Event()
        self.may_tell.set()
        self._http: httpx.AsyncClient | None = None
        self._keep: KeepCredentials | None = None

    def open(
        self,
        _settings: Mapping[str, str],
        _credentials: Credentials,
        *,
        http: httpx.AsyncClient,
        keep: KeepCredentials,
        clock: Clock,
    ) -> Self:
        """Stand where sources are opened."""
        assert clock().tzinfo
        self._http, self._keep = http, keep
        return self

    @override
    async def fetch(self, *, look_for_cars: bool = False, leave_out: Collection[str] = ()) -> Fetch:
        self.is_asked.set()
        await self.may_tell.wait()
        assert self._keep
        await self._keep(RENEWED)
        return await super().fetch(look_for_cars=look_for_cars, leave_out=leave_out)

    @override
    async def close(self) -> None:
        assert self._http
        self.had_connection.append(not self._http.is_closed)
        await super().close()


@pytest.fixture
def watched() -> Generator[WatchedSource]:
    """The cloud of every account; it renews the token with every look at it."""
    source = WatchedSource()
    with patch("custom_components.mybmw.open_source", source.open):
        yield source


async def turns() -> None:
    """Let everything go on that does not wait for something else."""
    for _ in range(100):
        await asyncio.sleep(0)


# A renewal that is under way


@pytest.mark.usefixtures("hass_storage")
@pytest.mark.parametrize("is_slow", [False, True])
async def test_a_reload_waits_for_a_token_that_is_on_its_way(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, two_cars_cloud: Simulator, *, is_slow: bool
) -> None:
    """BMW has voided the old refresh token by then: whoever set the account up with it would have to sign in again."""
    typed = {"username": DEMO_USERNAMES["row"], "password": DEMO_PASSWORD, "region": "rest_of_world"}
    entry = entry_made(await paste(hass, await submit(hass, await begin(hass), **typed), "P1_one"))
    await hass.async_block_till_done()
    assert entry.unique_id
    before = (await stored(hass, entry.unique_id)).credentials["refresh_token"]
    late = LateAnswer(path="/token", times=1)
    two_cars_cloud.faults.append(late)
    two_cars_cloud.accounts.forget_access_tokens()
    entry.async_create_background_task(hass, entry.runtime_data.async_refresh(), "a look at the account")
    await late.is_heard.wait()

    reload = hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))
    await turns()
    if is_slow:
        freezer.tick(HOME_ASSISTANT_WAITS)
        await turns()
    assert not reload.done()
    late.is_said.set()
    assert await reload
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert hass.config_entries.flow.async_progress() == []
    after = (await stored(hass, entry.unique_id)).credentials["refresh_token"]
    assert after != before
    assert two_cars_cloud.accounts.readmit(str(after)), "it is the one that BMW accepts"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_source_is_closed_while_its_connection_is_there(hass: HomeAssistant, watched: WatchedSource) -> None:
    entry = account_entry()
    await set_up(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert watched.had_connection
    assert all(watched.had_connection)


async def test_a_source_is_not_closed_under_entities_that_stay(hass: HomeAssistant, watched: WatchedSource) -> None:
    entry = account_entry()
    await set_up(hass, entry)
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(entry.entry_id)
    assert watched.had_connection == []
    assert entry.state is ConfigEntryState.FAILED_UNLOAD


# A new sign-in


@pytest.mark.usefixtures("hass_storage")
@pytest.mark.parametrize("is_coming_up", [False, True])
async def test_a_running_account_does_not_store_its_token_over_that_of_a_new_sign_in(
    hass: HomeAssistant, watched: WatchedSource, *, is_coming_up: bool
) -> None:
    entry = known_account(hass, "china")
    if is_coming_up:
        watched.may_tell.clear()
    coming_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    await (watched.is_asked.wait() if is_coming_up else hass.async_block_till_done())
    assert entry.state is (ConfigEntryState.SETUP_IN_PROGRESS if is_coming_up else ConfigEntryState.LOADED)
    kept: list[tuple[Credentials, ConfigEntryState]] = []

    async def keep(store: AccountStore, credentials: Credentials) -> None:
        kept.append((credentials, entry.state))
        await original(store, credentials)

    async def sign_in(*_: object, **__: object) -> Credentials:
        is_signed_in.set()
        return CREDENTIALS

    is_signed_in = asyncio.Event()
    original = AccountStore.async_keep_credentials
    with (
        patch("custom_components.mybmw.mybmw_flow.sign_in", sign_in),
        patch.object(AccountStore, "async_keep_credentials", keep),
        patch("custom_components.mybmw.async_setup_entry", return_value=True) as set_up_again,
    ):
        form = await reconfigure(hass, entry)
        signing_in = hass.async_create_task(submit(hass, form, password=NEW_PASSWORD, region="china"))
        await is_signed_in.wait()
        await turns()
        watched.may_tell.set()
        result = await signing_in
        await hass.async_block_till_done()

    await coming_up  # and taken down for the new sign-in, perhaps before it could say that it was up
    assert result["reason"] == "reconfigure_successful"
    assert kept[-1] == (CREDENTIALS, ConfigEntryState.NOT_LOADED)
    assert (await stored(hass)).credentials == CREDENTIALS
    set_up_again.assert_awaited_once()


# What is left behind


async def test_an_unloaded_account_listens_to_nothing(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(a_car())
    await set_up(hass, account_entry(gcid=OTHER_GCID))  # what Home Assistant begins with the first account stays
    before = hass.bus.async_listeners()
    entry = account_entry()
    source.show(a_car("cooper"))
    coordinator = await set_up(hass, entry)
    assert hass.bus.async_listeners() != before
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.bus.async_listeners() == before
    assert list(coordinator.async_contexts()) == []
    assert not coordinator._listeners


@pytest.mark.parametrize("is_loaded", [False, True])
async def test_a_disabled_account_has_nothing_to_repair(
    hass: HomeAssistant, source: FakeSource, issue_registry: ir.IssueRegistry, *, is_loaded: bool
) -> None:
    source.show(a_car())
    source.failure = None if is_loaded else BLOCKED
    entry, other = account_entry(), account_entry(gcid=OTHER_GCID)
    await try_to_set_up(hass, entry)
    source.failure = BLOCKED
    await try_to_set_up(hass, other)
    if is_loaded:
        await entry.runtime_data.async_refresh()
    assert entry.state is (ConfigEntryState.LOADED if is_loaded else ConfigEntryState.SETUP_RETRY)
    assert issue_registry.async_get_issue(DOMAIN, f"blocked_{entry.entry_id}")

    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert {issue_id for _, issue_id in issue_registry.issues} == {f"blocked_{other.entry_id}"}

    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, f"blocked_{entry.entry_id}"), "it is still blocked"


async def test_a_disabled_account_speaks_no_more_of_shared_cars(hass: HomeAssistant, source: FakeSource) -> None:
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)
    source.show(a_car())
    await set_up(hass, first)
    await set_up(hass, second)
    assert shared_cars_issue(hass, second)
    await hass.config_entries.async_set_disabled_by(second.entry_id, ConfigEntryDisabler.USER)
    assert shared_cars_issue(hass, second) is None


async def test_what_an_owner_chose_to_ignore_stays_ignored_after_a_reload(
    hass: HomeAssistant, source: FakeSource, issue_registry: ir.IssueRegistry
) -> None:
    source.show(a_car())
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    source.failure = BLOCKED
    await coordinator.async_refresh()
    ir.async_ignore_issue(hass, DOMAIN, f"blocked_{entry.entry_id}", ignore=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    issue = issue_registry.async_get_issue(DOMAIN, f"blocked_{entry.entry_id}")
    assert issue
    assert issue.dismissed_version


# An account that cannot be opened


@pytest.mark.parametrize(
    ("settings", "loopback", "reason"),
    [
        ({}, "http://example.com:80", "MYBMW_LOOPBACK may only be http://127.0.0.1:PORT"),
        ({"region": "atlantis"}, "", "'atlantis' is not a valid Region"),
        ({"source": "another"}, "", "'another'"),
    ],
    ids=["misled", "nowhere", "unknown-cloud"],
)
async def test_unusable_settings_are_explained(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    loopback: str,
    reason: str,
) -> None:
    monkeypatch.setenv(LOOPBACK, loopback)
    entry = account_entry()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, **settings})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR, "trying again would not help"
    assert entry.error_reason_translation_key == "unusable_settings"
    assert f"The settings of this account cannot be used: {reason}" in str(entry.reason)


@pytest.mark.parametrize("comes_back", [False, True], ids=["for good", "to come back"])
async def test_a_slow_platform_adds_nothing_once_its_account_has_gone(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    source: FakeSource,
    caplog: pytest.LogCaptureFixture,
    *,
    comes_back: bool,
) -> None:
    """Home Assistant waits for a platform for some time only, and lets it go on behind its back."""
    cars = [a_car(f"i{number}") for number in range(8)]
    source.show(*cars)
    entry = account_entry()
    entry.add_to_hass(hass)
    begun = asyncio.Event()
    hass.bus.async_listen_once(er.EVENT_ENTITY_REGISTRY_UPDATED, callback(lambda _event: begun.set()))
    with patch("custom_components.mybmw.PLATFORMS", [Platform.SENSOR]):
        with patch("homeassistant.helpers.entity_platform.SLOW_SETUP_MAX_WAIT", 0):
            setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
            await begun.wait()
            before: MyBMWCoordinator = entry.runtime_data
            await before.adding.acquire()  # so that it comes no further
            assert await setting_up
        try:
            added = set(entity_registry.entities)
            vins = {entity.unique_id.partition("-")[0] for entity in entity_registry.entities.values()}
            assert len(vins) < len(cars), "it is not done"
            assert await hass.config_entries.async_unload(entry.entry_id)
            caplog.clear()
            if comes_back:
                assert await hass.config_entries.async_setup(entry.entry_id)
        finally:
            before.adding.release()
        for _turn in range(100):  # many more than it needs to come to its end
            await asyncio.sleep(0)
        await hass.async_block_till_done()
    assert not before._listeners
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    if comes_back:
        assert all(mileage(hass, car) != STATE_UNAVAILABLE for car in cars)
    else:
        assert set(entity_registry.entities) == added
        assert all(state.state == STATE_UNAVAILABLE for state in hass.states.async_all(Platform.SENSOR))
