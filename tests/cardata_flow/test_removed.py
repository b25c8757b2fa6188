"""An account that is removed is forgotten, but for the calls that BMW has counted: they come back with it."""

from datetime import datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.keepsakes import LIFETIME, async_get_keepsakes
from custom_components.mybmw.sources import Credentials, Json
from custom_components.mybmw.sources.cardata.quota import WINDOW
from tests.door import (
    CREDENTIALS,
    ENTERED_IN_CHINA,
    GCID,
    NOW,
    OLD_CREDENTIALS,
    OTHER_GCID,
    Door,
    begin,
    entry_made,
    known_account,
    reconfigure,
    stored,
    submit,
)
from tests.simulator.cardata import Customer

from .steps import CALLS, Naps, cardata_account, enter, to_cardata

FILE = f"{DOMAIN}.removed"

pytestmark = pytest.mark.freeze_time(NOW)

type Storage = dict[str, dict[str, Json]]


def at(moment: datetime, reason: str) -> Json:
    """A call, as it is booked."""
    return {"at": moment.isoformat(), "reason": reason}


async def removed(hass: HomeAssistant, entry: MockConfigEntry, credentials: Credentials) -> None:
    """Remove an account of which something is known."""
    assert entry.unique_id
    await (await stored(hass, entry.unique_id)).async_keep_credentials(credentials)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)


async def added(hass: HomeAssistant, customer: Customer, naps: Naps) -> Credentials:
    """Add an account anew, and return what is known of it then."""
    await enter(hass, naps, await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id))
    return (await stored(hass, customer.account.gcid)).credentials


def restart(hass: HomeAssistant) -> None:
    """Forget all that is not on disk, and every timer."""
    keepsakes = async_get_keepsakes(hass)
    hass.data.pop(f"{DOMAIN}_keepsakes")
    if keepsakes._call_off:
        keepsakes._call_off()


def test_a_keepsake_lives_as_long_as_a_call_counts() -> None:
    assert LIFETIME == WINDOW


async def test_home_assistants_data_hold_only_what_is_there_without_an_account(
    hass: HomeAssistant, customer: Customer, door: Door
) -> None:
    """Everything else of an account is the runtime data of its entry."""
    door.answer = CREDENTIALS
    form = await submit(hass, await begin(hass), username="driver@example.com", password="-", region="rest_of_world")
    await hass.config_entries.flow.async_configure(form["flow_id"], {"next_step_id": "captcha_page"})
    await hass.config_entries.async_setup(known_account(hass, gcid=OTHER_GCID).entry_id)
    await removed(hass, cardata_account(hass, customer), {"calls": CALLS})
    ours = {str(key) for key, value in hass.data.items() if DOMAIN in str(key) or of_ours(value)}
    assert ours == {f"{DOMAIN}_captcha_pages", f"{DOMAIN}_keepsakes", f"{DOMAIN}_migration_locks"}


def of_ours(value: object) -> bool:
    """Whether something, or something in it, is of a class of ours."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, set, tuple)) else ()
    return any(type(each).__module__.startswith(f"custom_components.{DOMAIN}") for each in (value, *inner))


async def test_an_account_that_is_added_again_has_no_new_calls(
    hass: HomeAssistant, customer: Customer, naps: Naps, hass_storage: Storage, freezer: FrozenDateTimeFactory
) -> None:
    gcid = customer.account.gcid
    known: dict[str, Json] = {"grant": {"refresh_token": "old"}, "calls": CALLS, "container": {"id": "C"}, "cars": {}}
    await removed(hass, cardata_account(hass, customer), known)
    assert [name for name in hass_storage if gcid.replace("-", "_") in name] == []
    restart(hass)
    freezer.tick(LIFETIME - timedelta(hours=1))
    credentials = await added(hass, customer, naps)
    assert credentials.keys() == {"grant", "calls"}
    assert credentials["calls"] == CALLS


async def test_all_that_is_kept_is_when_it_was_asked_and_why(
    hass: HomeAssistant, customer: Customer, hass_storage: Storage
) -> None:
    known: dict[str, Json] = {"grant": {"refresh_token": "old"}, "calls": CALLS, "container": {"id": "C"}, "cars": {}}
    await removed(hass, cardata_account(hass, customer), known)
    document = hass_storage[FILE]["data"]
    assert isinstance(document, dict)
    [(name, kept)] = document.items()
    assert len(name) == 64
    assert customer.account.gcid not in name
    assert kept == {"until": (NOW + LIFETIME).isoformat(), "by_source": {"cardata": {"calls": CALLS}}}


@pytest.mark.parametrize("is_restarted", [True, False])
async def test_a_day_later_nothing_is_left(
    hass: HomeAssistant,
    customer: Customer,
    hass_storage: Storage,
    freezer: FrozenDateTimeFactory,
    *,
    is_restarted: bool,
) -> None:
    await removed(hass, cardata_account(hass, customer), {"calls": CALLS})
    if is_restarted:
        restart(hass)
        hass.config.components.remove(DOMAIN)
        freezer.tick(LIFETIME - timedelta(hours=1))
        assert await async_setup_component(hass, DOMAIN, {})
        assert FILE in hass_storage
        freezer.tick(timedelta(hours=1))
    else:
        freezer.tick(LIFETIME)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert FILE not in hass_storage


@pytest.mark.parametrize(
    "credentials",
    [
        {"grant": {"refresh_token": "old"}},
        {"calls": {"calls": [], "full_until": None}},
        {"calls": {"calls": [{"at": (NOW - LIFETIME).isoformat(), "reason": "daily"}], "full_until": NOW.isoformat()}},
    ],
)
async def test_what_counts_no_more_is_not_kept(
    hass: HomeAssistant, customer: Customer, hass_storage: Storage, credentials: Credentials
) -> None:
    await removed(hass, cardata_account(hass, customer), credentials)
    assert FILE not in hass_storage


async def test_the_calls_come_back_through_whichever_door(
    hass: HomeAssistant, customer: Customer, door: Door, hass_storage: Storage
) -> None:
    """Removed while it is reached through My BMW, and added by My BMW."""
    gcid = customer.account.gcid
    store = await stored(hass, gcid)
    store.set_aside("cardata", {"calls": CALLS, "container": {"id": "C"}})
    await store.async_keep_credentials(OLD_CREDENTIALS)
    entry = known_account(hass, gcid=gcid)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    assert "refresh_token" not in str(hass_storage)

    door.answer = {**CREDENTIALS, "gcid": gcid}
    entry_made(await submit(hass, await begin(hass), **ENTERED_IN_CHINA))
    store = await stored(hass, gcid)
    assert (store.credentials, store.aside("cardata")) == (door.answer, {"calls": CALLS})


async def test_an_account_with_another_number_at_each_door_is_found_by_either(
    hass: HomeAssistant, customer: Customer, naps: Naps
) -> None:
    entry = cardata_account(hass, customer, gcid=OTHER_GCID)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "gcid": customer.account.gcid})
    await removed(hass, entry, {"calls": CALLS})
    assert (await added(hass, customer, naps))["calls"] == CALLS
    assert await async_get_keepsakes(hass).async_find(OTHER_GCID) == {"cardata": {"calls": CALLS}}
    assert await async_get_keepsakes(hass).async_find(GCID) == {}


async def test_another_account_that_changes_to_the_one_that_was_removed_has_no_new_calls_either(
    hass: HomeAssistant, customer: Customer, naps: Naps, freezer: FrozenDateTimeFactory
) -> None:
    """All counts that it has spent by then, as which account ever, and each call once."""
    await removed(hass, cardata_account(hass, customer), {"calls": CALLS})
    entry = known_account(hass, gcid=OTHER_GCID)
    form = await to_cardata(hass, customer, naps, entry)
    assert form["step_id"] == "change_number"
    await submit(hass, form)
    store = await stored(hass, OTHER_GCID)
    assert store.credentials["calls"] == CALLS

    week_old, spent, later = (
        at(NOW - timedelta(days=7), "daily"),
        at(NOW, "daily"),
        at(NOW + timedelta(minutes=1), "owner"),
    )
    full_until = (NOW + timedelta(hours=3)).isoformat()
    known: Json = {"calls": [week_old, spent, later], "full_until": full_until}
    store.set_aside("cardata", {"calls": known, "container": {"id": "C"}})
    await store.async_keep_credentials(OLD_CREDENTIALS)
    hass.config_entries.async_update_entry(entry, data=known_account(hass, gcid=GCID).data)
    freezer.tick(timedelta(minutes=2))
    await submit(hass, await to_cardata(hass, customer, naps, entry))
    credentials = (await stored(hass, OTHER_GCID)).credentials
    assert credentials["calls"] == {"calls": [spent, later], "full_until": full_until}
    assert credentials["container"] == {"id": "C"}


async def test_what_was_set_aside_long_ago_hides_no_call_of_today(
    hass: HomeAssistant, customer: Customer, naps: Naps
) -> None:
    await removed(hass, cardata_account(hass, customer), {"calls": CALLS})
    entry = known_account(hass, gcid=OTHER_GCID)
    store = await stored(hass, OTHER_GCID)
    old: Json = {"calls": [at(NOW - timedelta(days=7), "daily")], "full_until": None}
    store.set_aside("cardata", {"calls": old})
    await store.async_keep_credentials(OLD_CREDENTIALS)
    await submit(hass, await to_cardata(hass, customer, naps, entry))
    assert (await stored(hass, OTHER_GCID)).credentials["calls"] == CALLS


async def test_an_account_that_is_back_at_mybmw_is_found_by_the_number_that_cardata_has_for_it(
    hass: HomeAssistant, customer: Customer, naps: Naps, door: Door, hass_storage: Storage
) -> None:
    entry = known_account(hass, gcid=OTHER_GCID)
    await submit(hass, await to_cardata(hass, customer, naps, entry))
    store = await stored(hass, OTHER_GCID)
    await store.async_keep_credentials({**store.credentials, "calls": CALLS})
    door.answer = {**CREDENTIALS, "gcid": OTHER_GCID}
    await submit(hass, await reconfigure(hass, entry, "mybmw"), **ENTERED_IN_CHINA)
    await hass.config_entries.async_remove(entry.entry_id)
    assert customer.account.gcid not in str(hass_storage)
    assert (await added(hass, customer, naps))["calls"] == CALLS


async def test_one_account_does_not_take_the_place_of_another(
    hass: HomeAssistant, customer: Customer, naps: Naps
) -> None:
    await removed(hass, cardata_account(hass, customer), {"calls": CALLS})
    await removed(hass, cardata_account(hass, customer, gcid=OTHER_GCID), {"calls": CALLS})
    assert (await added(hass, customer, naps))["calls"] == CALLS


async def test_no_clock_that_was_ahead_keeps_anything_for_long(
    hass: HomeAssistant, customer: Customer, hass_storage: Storage, freezer: FrozenDateTimeFactory
) -> None:
    ahead = NOW + timedelta(days=300)
    freezer.move_to(ahead)
    calls: Json = {"calls": [{"at": ahead.isoformat(), "reason": "daily"}], "full_until": None}
    await removed(hass, cardata_account(hass, customer), {"calls": calls})
    restart(hass)
    freezer.move_to(NOW)
    await async_get_keepsakes(hass).async_tidy()
    assert FILE in hass_storage
    freezer.tick(LIFETIME)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert FILE not in hass_storage


@pytest.mark.parametrize("content", [[], {"a": 1}, {"a": {"until": "soon"}}, {"a": {"until": None, "by_source": []}}])
async def test_what_is_damaged_was_never_kept(
    hass: HomeAssistant, customer: Customer, naps: Naps, hass_storage: Storage, content: Json
) -> None:
    hass_storage[FILE] = {"version": 1, "key": FILE, "data": content}
    assert (await added(hass, customer, naps)).keys() == {"grant"}
    assert FILE not in hass_storage
