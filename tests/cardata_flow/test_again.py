"""An account that is there already signs in to CarData by a code: again, or by this door from now on."""

import asyncio
from datetime import timedelta
from unittest.mock import Mock, patch

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWConfigEntry, MyBMWCoordinator
from custom_components.mybmw.next_flow import async_begin_next
from custom_components.mybmw.repairs import LookAgainFlow
from custom_components.mybmw.sources import Check, Credentials, Refusal, Verdict
from custom_components.mybmw.sources.pauses import Pause
from tests.account import FakeSource
from tests.door import (
    CREDENTIALS,
    ENTERED_IN_CHINA,
    GCID,
    NOW,
    OLD_CREDENTIALS,
    OTHER_GCID,
    Door,
    begin,
    choose,
    entry_made,
    filled_in,
    known_account,
    reconfigure,
    stored,
    submit,
)
from tests.flow_texts import shown
from tests.simulator.cardata import Customer

from .steps import CALLS, Naps, cardata_account, code_in, enter, to_cardata

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.mark.parametrize("is_reauth", [True, False])
async def test_signing_in_again_keeps_count_of_the_calls(
    hass: HomeAssistant, customer: Customer, naps: Naps, door: Door, *, is_reauth: bool
) -> None:
    entry = cardata_account(hass, customer)
    store = await stored(hass, customer.account.gcid)
    await store.async_keep_credentials({"grant": {"access_token": "old"}, "calls": CALLS})

    form = await (entry.start_reauth_flow(hass) if is_reauth else reconfigure(hass, entry, "cardata_again"))
    assert (shown(form)["step_id"], filled_in(form)) == ("cardata_again", {"client_id": customer.client_id})
    result = await enter(hass, naps, await submit(hass, form, **filled_in(form)))

    assert result["reason"] == ("reauth_successful" if is_reauth else "reconfigure_successful")
    credentials = (await stored(hass, customer.account.gcid)).credentials
    assert credentials["calls"] == CALLS
    assert credentials["grant"] != {"access_token": "old"}
    await hass.async_block_till_done()
    door.set_up.assert_awaited_once()


@pytest.mark.parametrize("is_reauth", [True, False])
async def test_what_an_account_learns_while_its_owner_signs_in_again_is_kept(
    hass: HomeAssistant, customer: Customer, naps: Naps, *, is_reauth: bool
) -> None:
    """It goes on while the code is entered, and writes down the last of it when it is taken down."""
    entry = cardata_account(hass, customer)
    store = await stored(hass, customer.account.gcid)
    before: Credentials = {"grant": {"access_token": "old"}, "calls": {"calls": [], "full_until": None}, "cars": {}}
    await store.async_keep_credentials(before)
    await hass.config_entries.async_setup(entry.entry_id)
    form = await (entry.start_reauth_flow(hass) if is_reauth else reconfigure(hass, entry, "cardata_again"))
    form = await submit(hass, form, **filled_in(form))
    await store.async_keep_credentials({**before, "calls": CALLS, "container": {"id": "C"}})

    async def take_down(_hass: HomeAssistant, _entry: MyBMWConfigEntry) -> bool:
        await store.async_keep_credentials({**store.credentials, "cars": {"looked_at": NOW.isoformat()}})
        return True

    with patch("custom_components.mybmw.async_unload_entry", take_down):
        assert (await enter(hass, naps, form))["type"] is FlowResultType.ABORT
        await hass.async_block_till_done()
    credentials = dict((await stored(hass, customer.account.gcid)).credentials)
    assert credentials.pop("grant") != before["grant"]
    assert credentials == {"calls": CALLS, "container": {"id": "C"}, "cars": {"looked_at": NOW.isoformat()}}


@pytest.mark.parametrize("way", ["reauth", "reconfigure", "other door"])
async def test_an_account_that_has_signed_in_again_is_checked_up(
    hass: HomeAssistant, customer: Customer, naps: Naps, door: Door, way: str
) -> None:
    """As a new one is, when it is set up; in the end it is said what has been done."""
    is_new = way == "other door"
    entry = known_account(hass, gcid=customer.account.gcid) if is_new else cardata_account(hass, customer)
    await hass.config_entries.async_setup(entry.entry_id)
    if is_new:
        form = await reconfigure(hass, entry, "cardata")
    else:
        form = await (entry.start_reauth_flow(hass) if way == "reauth" else reconfigure(hass, entry, "cardata_again"))
    form = await submit(hass, form, client_id=customer.client_id)
    cloud_answers = asyncio.Event()

    async def take_time(_hass: HomeAssistant, entry: MyBMWConfigEntry) -> bool:
        await cloud_answers.wait()
        entry.runtime_data = Mock(spec=MyBMWCoordinator, source=FakeSource(checkup={Check.API: Verdict.BAD}))
        return True

    door.set_up.side_effect = take_time
    naps.cloud.cardata.sign_in.approve(code_in(form))
    result = await naps.look(hass, (await submit(hass, form))["flow_id"])
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_FLOW
    assert not any(entry.async_get_active_flows(hass, {SOURCE_REAUTH, SOURCE_RECONFIGURE})), "which could be left open"
    waiting = shown(await hass.config_entries.flow.async_configure(flow_id))
    assert (waiting["type"], waiting["step_id"]) == (FlowResultType.SHOW_PROGRESS, "checkup")

    cloud_answers.set()
    await hass.async_block_till_done()
    doctor = shown(await hass.config_entries.flow.async_configure(flow_id))
    assert (doctor["type"], doctor["step_id"]) == (FlowResultType.MENU, "doctor")
    assert (doctor["description_placeholders"] or {})["api"] == "❌"
    entry.runtime_data.async_refresh_now.assert_not_awaited()
    assert (await choose(hass, doctor, "doctor_again"))["step_id"] == "doctor"
    entry.runtime_data.async_refresh_now.assert_awaited_once()
    done = await choose(hass, doctor, "doctor_done")
    assert done["type"] is FlowResultType.ABORT
    reason = "source_changed" if is_new else f"{way}_successful"
    assert (done["reason"], done.get("translation_domain")) == (reason, result.get("translation_domain"))


async def test_another_client_id(hass: HomeAssistant, customer: Customer, naps: Naps) -> None:
    entry = cardata_account(hass, customer)
    customer.client_id = "01234567-89ab-cdef-0123-456789abcdef"
    form = await submit(hass, await entry.start_reauth_flow(hass), client_id=customer.client_id)
    assert (await enter(hass, naps, form))["reason"] == "reauth_successful"
    assert entry.data == {"source": "cardata", "client_id": customer.client_id}


async def test_another_account_changes_nothing(hass: HomeAssistant, customer: Customer, naps: Naps) -> None:
    entry = cardata_account(hass, customer, gcid=OTHER_GCID)
    form = await submit(hass, await entry.start_reauth_flow(hass), client_id=customer.client_id)
    assert (await enter(hass, naps, form))["reason"] == "wrong_account"
    assert (await stored(hass, customer.account.gcid)).credentials == {}


async def test_an_account_is_added_once(hass: HomeAssistant, customer: Customer, naps: Naps) -> None:
    entry = cardata_account(hass, customer)
    result = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    assert result["reason"] == "already_configured", "before a code is entered for nothing"
    hass.config_entries.async_update_entry(entry, data={"source": "cardata", "client_id": "another"})
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    assert (await enter(hass, naps, form))["reason"] == "already_configured"


# From one source to the other


async def test_an_account_changes_to_cardata_and_back(
    hass: HomeAssistant, customer: Customer, naps: Naps, door: Door
) -> None:
    gcid = customer.account.gcid
    entry = known_account(hass, gcid=gcid)
    store = await stored(hass, gcid)
    await store.async_keep_credentials(OLD_CREDENTIALS)
    await store.async_pause(Pause(until=NOW + timedelta(hours=1), refusal=Refusal.BLOCKED))

    result = await to_cardata(hass, customer, naps, entry)
    assert result["reason"] == "source_changed"
    assert entry.data == {"source": "cardata", "client_id": customer.client_id}, "the password is forgotten"
    assert entry.title == "d…r@e…"
    assert entry.options == {"scan_interval": 7, "read_only": True}
    store = await stored(hass, gcid)
    assert store.credentials.keys() == {"grant"}
    assert (store.pause, store.aside("mybmw")) == (None, {})
    await store.async_keep_credentials({**store.credentials, "calls": CALLS, "container": {"id": "C"}, "readings": {}})

    door.answer = {**CREDENTIALS, "gcid": gcid}
    form = await reconfigure(hass, entry, "mybmw")
    result = await submit(hass, form, **ENTERED_IN_CHINA)
    assert result["reason"] == "source_changed"
    assert entry.data == {"source": "mybmw", **ENTERED_IN_CHINA}
    store = await stored(hass, gcid)
    assert store.credentials == door.answer
    aside = {"grant": {"gcid": gcid}, "calls": CALLS, "container": {"id": "C"}}
    assert store.aside("cardata") == aside, "nothing that opens anything, or tells of a car"

    assert (await to_cardata(hass, customer, naps, entry))["reason"] == "source_changed"
    assert (await stored(hass, gcid)).credentials["calls"] == CALLS, "the calls of the day are not free again"


async def test_an_account_with_another_number_at_each_door_stays_itself(
    hass: HomeAssistant, customer: Customer, naps: Naps, door: Door
) -> None:
    """That BMW has one number for an account is nowhere promised; the owner is asked, and all stays where it is."""
    entry = known_account(hass, gcid=OTHER_GCID)
    await (await stored(hass, OTHER_GCID)).async_keep_credentials(OLD_CREDENTIALS)
    form = await to_cardata(hass, customer, naps, entry)
    assert form["step_id"] == "change_number"
    assert form["description_placeholders"] == {"account": "d…r@e…", "before": "MyBMW", "after": "BMW CarData"}
    assert entry.data["source"] == "mybmw"
    assert (await submit(hass, form))["reason"] == "source_changed"
    assert entry.unique_id == OTHER_GCID
    assert entry.data == {"source": "cardata", "client_id": customer.client_id, "gcid": customer.account.gcid}
    store = await stored(hass, OTHER_GCID)
    assert store.credentials.keys() == {"grant"}
    await store.async_keep_credentials({**store.credentials, "calls": CALLS})
    assert (await stored(hass, customer.account.gcid)).credentials == {}

    again = await submit(hass, await entry.start_reauth_flow(hass), client_id=customer.client_id)
    assert (await enter(hass, naps, again))["reason"] == "reauth_successful"
    assert entry.data["gcid"] == customer.account.gcid
    assert (await stored(hass, OTHER_GCID)).credentials["calls"] == CALLS

    hass.config_entries.async_update_entry(entry, data={**entry.data, "client_id": "another"})
    twice = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    assert (await enter(hass, naps, twice))["reason"] == "already_configured"

    door.answer = {**CREDENTIALS, "gcid": OTHER_GCID}
    back = await submit(hass, await reconfigure(hass, entry, "mybmw"), **ENTERED_IN_CHINA)
    assert back["reason"] == "source_changed"
    assert entry.data == {"source": "mybmw", **ENTERED_IN_CHINA}


@pytest.mark.parametrize("has_other_number", [False, True])
async def test_an_account_changes_by_the_message_that_bmw_blocks_it(
    hass: HomeAssistant, customer: Customer, naps: Naps, *, has_other_number: bool
) -> None:
    """The owner has said there what to change to, and is not asked once more."""
    entry = known_account(hass, gcid=OTHER_GCID if has_other_number else customer.account.gcid)
    message = LookAgainFlow(entry, is_blocked=True)
    message.hass = hass
    _, flow_id = (await message.async_step_change_source())["next_flow"]
    form = shown(await hass.config_entries.flow.async_configure(flow_id))
    assert form["step_id"] == "cardata"
    result = await enter(hass, naps, await submit(hass, form, client_id=customer.client_id))
    if has_other_number:
        assert result["step_id"] == "change_number"
        result = await submit(hass, result)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "source_changed")
    assert [entry] == hass.config_entries.async_entries(DOMAIN)
    assert entry.data["source"] == "cardata"


async def test_a_dialog_ends_that_is_about_an_account_that_was_removed(hass: HomeAssistant, customer: Customer) -> None:
    entry = known_account(hass, gcid=customer.account.gcid)
    form = await hass.config_entries.flow.async_configure(await async_begin_next(hass, entry.entry_id))
    await hass.config_entries.async_remove(entry.entry_id)
    result = await submit(hass, shown(form), client_id=customer.client_id)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "account_gone")


async def test_an_account_does_not_become_one_that_is_there_already(
    hass: HomeAssistant, customer: Customer, naps: Naps
) -> None:
    entry = known_account(hass, gcid=OTHER_GCID)
    cardata_account(hass, customer)
    assert (await to_cardata(hass, customer, naps, entry))["reason"] == "wrong_account"
    assert entry.data["source"] == "mybmw"


async def test_an_account_that_is_added_by_its_other_door_may_change_instead(
    hass: HomeAssistant, customer: Customer, naps: Naps
) -> None:
    entry = known_account(hass, gcid=customer.account.gcid)
    reauth = await entry.start_reauth_flow(hass)
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    form = await enter(hass, naps, form)
    assert form["step_id"] == "change_source"
    assert form["description_placeholders"] == {"account": "d…r@e…", "before": "MyBMW", "after": "BMW CarData"}
    assert entry.data["source"] == "mybmw"
    assert (await submit(hass, form))["reason"] == "source_changed"
    assert entry.data == {"source": "cardata", "client_id": customer.client_id}
    assert [entry] == hass.config_entries.async_entries(DOMAIN)
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert reauth["flow_id"] not in [flow["flow_id"] for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


async def test_an_account_of_cardata_that_is_added_by_mybmw(
    hass: HomeAssistant, customer: Customer, door: Door
) -> None:
    entry = cardata_account(hass, customer, gcid=GCID)
    form = await submit(hass, await begin(hass), **ENTERED_IN_CHINA)
    assert form["step_id"] == "change_source"
    await hass.config_entries.async_remove(entry.entry_id)
    assert entry_made(await submit(hass, form)).unique_id == GCID, "the other one was deleted meanwhile"
    assert len(door.attempts) == 1
