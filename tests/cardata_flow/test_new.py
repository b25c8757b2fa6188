"""Signing in to CarData by a code, over HTTP, to a cloud on this machine."""

from datetime import timedelta
import logging
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigFlowResult,
    FlowType,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
import httpx
import pytest

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Clock, Json
from custom_components.mybmw.sources.cardata import API_SCOPE, STREAM_SCOPE, DeviceSignIn
from tests.door import (
    NOW,
    begin,
    entry_made,
    filled_in,
    reconfigure,
    stored,
    submit,
)
from tests.flow_texts import shown
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import Customer

from .steps import Naps, cardata_account, code_in, enter

pytestmark = pytest.mark.freeze_time(NOW)


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
    assert (end["type"], end["reason"]) == (FlowResultType.ABORT, "checked"), "no options were saved"
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


@pytest.mark.parametrize("is_sent", [False, True], ids=["form", "progress"])
@pytest.mark.parametrize("source", [SOURCE_USER, SOURCE_REAUTH, SOURCE_RECONFIGURE])
async def test_who_closes_the_dialog_asks_no_more(
    hass: HomeAssistant, customer: Customer, naps: Naps, source: str, *, is_sent: bool
) -> None:
    """Home Assistant's page deletes what it has begun; what asks for a new sign-in, whoever ignores that."""
    form = await form_of(hass, customer, source)
    code = await submit(hass, form, client_id=customer.client_id)
    if is_sent:
        assert (await submit(hass, code))["type"] is FlowResultType.SHOW_PROGRESS
    asked = len(naps.cloud.requests)
    hass.config_entries.flow.async_abort(form["flow_id"])
    await naps.pass_by(hass)
    assert len(naps.cloud.requests) == asked


@pytest.mark.parametrize("source", [SOURCE_USER, SOURCE_REAUTH, SOURCE_RECONFIGURE])
async def test_who_closes_the_dialog_while_the_code_is_made_is_not_asked_for_it(
    hass: HomeAssistant, cloud: Simulator, customer: Customer, naps: Naps, source: str
) -> None:
    form = await form_of(hass, customer, source)
    make = DeviceSignIn.begin

    async def made_too_late(client_id: str, *, http: httpx.AsyncClient, clock: Clock, sleep: Naps) -> DeviceSignIn:
        sign_in = await make(client_id, http=http, clock=clock, sleep=sleep)
        hass.config_entries.flow.async_abort(form["flow_id"])
        return sign_in

    with patch.object(DeviceSignIn, "begin", made_too_late), pytest.raises(UnknownFlow):
        await submit(hass, form, client_id=customer.client_id)
    await naps.pass_by(hass)
    assert [asked.path for asked in cloud.requests] == ["/gcdm/oauth/device/code"]


async def form_of(hass: HomeAssistant, customer: Customer, source: str) -> ConfigFlowResult:
    """The form that asks for the client id of a new account, or of one that signs in again."""
    if source == SOURCE_USER:
        return await begin(hass, "cardata")
    entry = cardata_account(hass, customer)
    if source == SOURCE_REAUTH:
        return await entry.start_reauth_flow(hass)
    return await reconfigure(hass, entry, "cardata_again")


async def test_a_sign_in_that_cannot_be_stored_is_no_account(
    hass: HomeAssistant, customer: Customer, naps: Naps
) -> None:
    form = await submit(hass, await begin(hass, "cardata"), client_id=customer.client_id)
    with patch.object(AccountStore, "async_keep_credentials", AsyncMock(side_effect=OSError("disk full"))):
        result = await enter(hass, naps, form)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_stored")
    assert not hass.config_entries.async_entries(DOMAIN)
