"""Signing in to CarData by a code, over HTTP, to a cloud on this machine."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
import logging
from typing import Final
from unittest.mock import AsyncMock, Mock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWConfigEntry, MyBMWCoordinator
from custom_components.mybmw.sources import Json, Refusal
from custom_components.mybmw.sources.cardata import API_SCOPE, STREAM_SCOPE, DeviceSignIn
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.pauses import Pause

from .account import FakeSource
from .door import (
    CREDENTIALS,
    ENTERED_IN_CHINA,
    GCID,
    NOW,
    OLD_CREDENTIALS,
    OTHER_GCID,
    Door,
    begin,
    entry_made,
    filled_in,
    known_account,
    reconfigure,
    stored,
    submit,
)
from .flow_texts import shown
from .simulator import Fault, Simulator
from .simulator.cardata import Customer

CALLS: Final[dict[str, Json]] = {"calls": [{"at": NOW.isoformat(), "reason": "daily"}], "full_until": None}

pytestmark = pytest.mark.freeze_time(NOW)


class Naps:
    """Time in the hands of the test: whoever waits for the cloud, waits until the test lets some pass."""

    def __init__(self, freezer: FrozenDateTimeFactory, cloud: Simulator) -> None:
        self.cloud = cloud
        self._freezer = freezer
        self._may_end = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Wait."""
        await self._may_end.wait()
        self._freezer.tick(seconds)

    async def pass_by(self, hass: HomeAssistant) -> None:
        """Let all waits end at once, until nothing more happens."""
        self._may_end.set()
        await hass.async_block_till_done(wait_background_tasks=True)
        self._may_end.clear()

    async def look(self, hass: HomeAssistant, flow_id: str) -> ConfigFlowResult:
        """Let time pass, and look at what has become of a flow."""
        await self.pass_by(hass)
        return shown(await hass.config_entries.flow.async_configure(flow_id))


@pytest.fixture
async def cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Simulator]:
    """A cloud with one living car, which all requests go to."""

    def set_up(_hass: HomeAssistant, entry: MyBMWConfigEntry) -> bool:
        entry.runtime_data = Mock(spec=MyBMWCoordinator, source=FakeSource())
        return True

    door.set_up.side_effect = set_up
    async with Simulator(cars=["I5"]) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        yield cloud


@pytest.fixture
def customer(cloud: Simulator) -> Customer:
    """Who signs in."""
    return cloud.cardata.customer()


@pytest.fixture(autouse=True)
def naps(freezer: FrozenDateTimeFactory, cloud: Simulator) -> Generator[Naps]:
    """Time between two questions."""
    naps = Naps(freezer, cloud)
    with patch("custom_components.mybmw.cardata_flow.sleep", naps):
        yield naps


def code_in(step: ConfigFlowResult) -> str:
    """The code that is shown."""
    assert step["step_id"] in {"cardata_code", "cardata_wait"}
    return (step["description_placeholders"] or {})["code"]


async def enter(hass: HomeAssistant, naps: Naps, form: ConfigFlowResult) -> ConfigFlowResult:
    """Enter the code that is shown, and wait for what comes of it; leads to a result, or to the next form."""
    naps.cloud.cardata.sign_in.approve(code_in(form))
    waiting = await submit(hass, form) if form["step_id"] == "cardata_code" else form
    assert waiting["type"] is FlowResultType.SHOW_PROGRESS
    with patch.object(
        hass.config_entries.flow, "async_finish_flow", wraps=hass.config_entries.flow.async_finish_flow
    ) as finish:
        await naps.pass_by(hass)
    if finish.await_args_list:
        [(_, result)] = [call.args for call in finish.await_args_list if call.args[1]["flow_id"] == form["flow_id"]]
        return shown(result)
    return shown(await hass.config_entries.flow.async_configure(form["flow_id"]))


async def test_a_new_account(hass: HomeAssistant, cloud: Simulator, customer: Customer, naps: Naps) -> None:
    form = await begin(hass, "cardata")
    assert (form["step_id"], form["errors"]) == ("cardata", {})
    form = await submit(hass, form, client_id=f" {customer.client_id.upper()}\n")
    assert form["step_id"] == "cardata_code"
    given = form["description_placeholders"] or {}
    assert given["page"] == f"{cloud.url}/oneid/link"
    assert form["data_schema"]
    [qr_code] = form["data_schema"].schema.values()
    assert qr_code.config["data"] == given["page_with_code"]
    assert code_in(form) in given["page_with_code"]

    waiting = await submit(hass, form)
    assert (waiting["type"], code_in(waiting)) == (FlowResultType.SHOW_PROGRESS, code_in(form))
    result = await enter(hass, naps, waiting)

    gcid = customer.account.gcid
    assert result["type"] is FlowResultType.CREATE_ENTRY
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id == gcid
    assert entry.title == f"CarData {gcid[:4]}…"
    assert entry.data == {"source": "cardata", "client_id": customer.client_id}
    assert entry.options == {"read_only": False}
    credentials = (await stored(hass, gcid)).credentials
    assert isinstance(grant := credentials["grant"], dict)
    assert grant["gcid"] == gcid
    assert cloud.cardata.customers.who_asks(str(grant["access_token"]))
    kind, doctor = result["next_flow"]
    assert kind is FlowType.OPTIONS_FLOW
    menu = shown(await hass.config_entries.options.async_configure(doctor), "options")
    assert (menu["step_id"], menu["menu_options"]) == ("doctor", ["doctor_again", "doctor_done"])
    for choice in ("doctor_again", "doctor_done"):
        end = shown(await hass.config_entries.options.async_configure(doctor, {"next_step_id": choice}), "options")
    assert end["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"read_only": False}


async def test_it_goes_on_when_the_code_was_entered_before_the_form_is_sent(
    hass: HomeAssistant, cloud: Simulator, customer: Customer, naps: Naps
) -> None:
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    cloud.cardata.sign_in.approve(code_in(form))
    again = await naps.look(hass, form["flow_id"])
    assert code_in(again) == code_in(form), "who looks at it again sees the same code"
    assert entry_made(await submit(hass, form)).unique_id == customer.account.gcid


@pytest.mark.parametrize(
    ("typed", "error"),
    [("nonsense", "invalid_client_id"), ("01234567-89ab-cdef-0123-456789abcdef", "client_unknown")],
)
async def test_a_wrong_client_id(hass: HomeAssistant, customer: Customer, naps: Naps, typed: str, error: str) -> None:
    form = await submit(hass, await begin(hass, "cardata"), client_id=typed)
    assert (form["step_id"], form["errors"], filled_in(form)) == ("cardata", {"base": error}, {"client_id": typed})
    form = await submit(hass, form, client_id=customer.client_id)
    assert (await enter(hass, naps, form))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        ({API_SCOPE}, "api_not_subscribed"),
        ({STREAM_SCOPE}, "stream_not_subscribed"),
        ({API_SCOPE, STREAM_SCOPE}, "nothing_subscribed"),
    ],
)
async def test_a_client_that_is_not_switched_on(
    hass: HomeAssistant, customer: Customer, naps: Naps, missing: set[str], error: str
) -> None:
    customer.subscribed -= missing
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    assert (form["step_id"], form["errors"]) == ("cardata", {"base": error})
    customer.subscribed |= missing
    form = await submit(hass, form, **filled_in(form))
    assert (await enter(hass, naps, form))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("granted", "error"),
    [("openid cardata:streaming:read", "api_not_subscribed"), ("openid cardata:api:read", "stream_not_subscribed")],
)
async def test_a_token_that_does_not_open_enough(
    hass: HomeAssistant, customer: Customer, naps: Naps, granted: str, error: str
) -> None:
    """The scopes are there when the code is made, and no longer when it is entered."""
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    body: dict[str, Json] = {
        "access_token": "a",
        "id_token": "b",
        "refresh_token": "c",
        "gcid": customer.account.gcid,
        "scope": granted,
    }
    naps.cloud.faults.append(Fault(path="/gcdm/oauth/token", status=200, body=body))
    form = await enter(hass, naps, form)
    assert (form["step_id"], form["errors"]) == ("cardata", {"base": error})
    assert not hass.config_entries.async_entries(DOMAIN)


async def test_a_code_that_nobody_enters(hass: HomeAssistant, customer: Customer, naps: Naps) -> None:
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    form_again = await naps.look(hass, (await submit(hass, form))["flow_id"])
    assert (form_again["step_id"], form_again["errors"]) == ("cardata_failed", {"base": "code_expired"})
    new = await submit(hass, form_again)
    assert code_in(new) != code_in(form)


async def test_a_code_that_is_declined(hass: HomeAssistant, cloud: Simulator, customer: Customer, naps: Naps) -> None:
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    cloud.cardata.sign_in.approve(code_in(form), yes=False)
    form = await naps.look(hass, (await submit(hass, form))["flow_id"])
    assert (form["step_id"], form["errors"]) == ("cardata_failed", {"base": "code_declined"})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(path="/device/code", status=503), "cannot_connect"),
        (Fault(path="/device/code", drop=True), "cannot_connect"),
        (Fault(path="/device/code", status=429, headers={"retry-after": "3600"}), "too_many_attempts"),
    ],
    ids=["out-of-order", "line-cut", "too-many"],
)
async def test_a_bad_day_at_bmw(
    hass: HomeAssistant,
    cloud: Simulator,
    freezer: FrozenDateTimeFactory,
    fault: Fault,
    error: str,
) -> None:
    cloud.faults.append(fault)
    client_id = cloud.cardata.customer().client_id
    form = await submit(hass, await begin(hass, "cardata"), client_id=client_id)
    assert (form["step_id"], form["errors"]) == ("cardata_failed", {"base": error})
    if error == "too_many_attempts":
        asked = len(cloud.requests)
        cloud.faults.clear()
        assert (await submit(hass, form))["errors"] == {"base": error}
        assert len(cloud.requests) == asked, "BMW is left alone"
        freezer.tick(timedelta(hours=1, seconds=1))
    cloud.faults.clear()
    assert (await submit(hass, form))["step_id"] == "cardata_code"


@pytest.mark.parametrize("method", ["begin", "complete"])
async def test_a_bug_is_shown_and_told_to_the_log_without_what_it_may_quote(
    hass: HomeAssistant, customer: Customer, naps: Naps, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    with patch.object(DeviceSignIn, method, AsyncMock(side_effect=RuntimeError("cannot make sense of eyJ0b2tlbg"))):
        form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
        if method == "complete":
            form = await submit(hass, form)
            form = await naps.look(hass, form["flow_id"]) if form["type"] != FlowResultType.FORM else form
    assert (form["step_id"], form["errors"]) == ("cardata_failed", {"base": "unknown"})
    [record] = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert "Unexpected RuntimeError while signing in" in record.getMessage()


async def test_who_closes_the_dialog_asks_no_more(
    hass: HomeAssistant, cloud: Simulator, customer: Customer, naps: Naps
) -> None:
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    asked = len(cloud.requests)
    hass.config_entries.flow.async_abort(form["flow_id"])
    await naps.pass_by(hass)
    assert len(cloud.requests) == asked


async def test_a_sign_in_that_cannot_be_stored_is_no_account(
    hass: HomeAssistant, customer: Customer, naps: Naps
) -> None:
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    with patch.object(AccountStore, "async_keep_credentials", AsyncMock(side_effect=OSError("disk full"))):
        result = await enter(hass, naps, form)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_stored")
    assert not hass.config_entries.async_entries(DOMAIN)


# An account that is there already


def cardata_account(hass: HomeAssistant, customer: Customer, *, gcid: str | None = None) -> MockConfigEntry:
    """An account that was added before."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="My cars",
        unique_id=gcid or customer.account.gcid,
        data={"source": "cardata", "client_id": customer.client_id},
        options={"read_only": False},
    )
    entry.add_to_hass(hass)
    return entry


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


async def to_cardata(hass: HomeAssistant, customer: Customer, naps: Naps, entry: MockConfigEntry) -> ConfigFlowResult:
    """Change an account to CarData by its menu."""
    form = await submit(hass, await reconfigure(hass, entry, "cardata"), client_id=customer.client_id)
    return await enter(hass, naps, form)


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
    assert store.aside("cardata") == {"calls": CALLS, "container": {"id": "C"}}, "nothing that opens or tells anything"

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
