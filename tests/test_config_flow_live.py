"""Signing in for real, over HTTP, to a cloud on this machine."""

from collections.abc import AsyncGenerator
import os

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Region

from .door import begin, entry_made, paste, stored, submit
from .flow_texts import shown
from .simulator import DEMO_PASSWORD, DEMO_USERNAMES, Fault, Simulator

pytestmark = pytest.mark.usefixtures("hass_storage")

ENTERED = {"username": DEMO_USERNAMES["row"], "password": DEMO_PASSWORD, "region": "rest_of_world"}


@pytest.fixture(autouse=True)
async def cloud(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Simulator]:  # noqa: ARG001 (asked for because of what it does)
    """A cloud with one car, which all requests go to."""
    async with Simulator(cars=["G26"]) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        yield cloud


@pytest.mark.parametrize("region", [Region.REST_OF_WORLD, Region.NORTH_AMERICA])
async def test_from_the_form_to_the_car_and_back_in_again(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    cloud: Simulator,
    region: Region,
) -> None:
    typed = {"username": DEMO_USERNAMES[region.code], "password": DEMO_PASSWORD, "region": region.value}
    form = await submit(hass, await begin(hass), **typed | {"password": "a slip"})
    form = await paste(hass, form, "P1_one")
    assert form["errors"] == {"base": "invalid_auth"}
    form = await submit(hass, form, **typed)
    entry = entry_made(await paste(hass, form, "P1_two"))
    await hass.async_block_till_done()

    [account] = [account for account in cloud.accounts if account.region == region.code]
    assert entry.unique_id == account.gcid
    assert entry.state is ConfigEntryState.LOADED
    assert device_registry.async_get_device_by_identifier((DOMAIN, cloud.garage["G26"].vin), entry.entry_id)
    first_sign_in = (await stored(hass, account.gcid)).credentials

    cloud.accounts.forget_access_tokens()
    cloud.accounts.forget_refresh_tokens()
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    [flow] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH

    form = shown(await hass.config_entries.flow.async_configure(flow["flow_id"]))
    form = await submit(hass, form, password=DEMO_PASSWORD)
    result = await paste(hass, form, "P1_three")
    await hass.async_block_till_done()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.state is ConfigEntryState.LOADED
    second_sign_in = (await stored(hass, account.gcid)).credentials
    assert second_sign_in["refresh_token"] != first_sign_in["refresh_token"]
    assert second_sign_in["build"] == first_sign_in["build"], "BMW sees the same copy of its app"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_china(hass: HomeAssistant, cloud: Simulator) -> None:
    typed = {"username": f"+{DEMO_USERNAMES['cn']}", "password": DEMO_PASSWORD, "region": "china"}
    form = await submit(hass, await begin(hass), **typed | {"password": "a slip"})
    assert form["errors"] == {"base": "invalid_auth_china"}
    entry = entry_made(await submit(hass, form, **typed))
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert cloud.garage["G26"].vin in entry.runtime_data.data
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("fault", "step", "error"),
    [
        (Fault(status=489, body="Blocked"), "sign_in_failed", "blocked"),
        (Fault(path="/authenticate", status=489, body="Blocked"), "sign_in_failed", "blocked"),
        (Fault(status=403, body="Forbidden"), "mybmw", "forbidden"),
        (Fault(status=429, headers={"retry-after": "3600"}), "sign_in_failed", "too_many_attempts"),
        (Fault(path="/token", status=503, body="<html>"), "sign_in_failed", "cannot_connect"),
        (Fault(drop=True), "sign_in_failed", "cannot_connect"),
    ],
    ids=["blocked", "blocked-later", "forbidden", "too-many-attempts", "out-of-order", "line-cut"],
)
async def test_bad_days(hass: HomeAssistant, cloud: Simulator, fault: Fault, step: str, error: str) -> None:
    cloud.faults.append(fault)

    form = await submit(hass, await begin(hass), **ENTERED)
    form = await paste(hass, form, "P1_one")

    assert fault.struck == 1
    assert (form["step_id"], form["errors"]) == (step, {"base": error})


async def test_requests_never_go_to_another_machine(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good = os.environ[LOOPBACK]
    monkeypatch.setenv(LOOPBACK, "http://example.com:80")

    form = await submit(hass, await begin(hass), **ENTERED)

    assert (form["step_id"], form["errors"]) == ("mybmw", {"base": "unknown"}), "no captcha in vain"
    assert "MYBMW_LOOPBACK may only be http://127.0.0.1:PORT" in caplog.text
    assert "Traceback" not in caplog.text

    monkeypatch.setenv(LOOPBACK, good)
    form = await submit(hass, form, **ENTERED)
    entry_made(await paste(hass, form, "P1_one"))
    await hass.async_block_till_done()
