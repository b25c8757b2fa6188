"""How accounts are, told without a name and without asking BMW."""

from datetime import timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import (
    Budget,
    Check,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    Verdict,
)

from .account import GCID, NOW, USERNAME, FakeSource, a_car, account_entry, set_up, try_to_set_up
from .flow_texts import TEXTS, section

HOUR: Final = timedelta(hours=1)
I4: Final = a_car("i4")
BLOCKED: Final = NotAllowedError("Blocked", Refusal.BLOCKED)
SILENT: Final = TryLaterError("BMW does not answer")
BUSY: Final = SlowDownError("Quota exceeded", NOW + 3 * HOUR)

pytestmark = pytest.mark.freeze_time(NOW)


async def told(hass: HomeAssistant) -> dict[str, object]:
    """What stands on the page."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info: dict[str, object] = await get_system_health_info(hass, DOMAIN)
    for texts in TEXTS.values():
        assert info.keys() <= section(texts, "system_health", "info").keys()
    assert not [secret for secret in (USERNAME, GCID, I4.vin, "d…r") if secret in str(info)]
    return info


async def test_an_account_that_is_well(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4, a_car("cooper"))
    await set_up(hass, account_entry())
    assert await told(hass) == {"status": "reachable", "cars": 2, "last_success": NOW}
    assert source.times_asked == 1


@pytest.mark.parametrize(
    ("verdict", "stream"),
    [
        (Verdict.GOOD, "connected"),
        (Verdict.PENDING, "not connected"),
        (Verdict.BAD, "not connected, see repairs"),
    ],
)
async def test_an_account_that_counts_its_calls_and_listens(
    hass: HomeAssistant, source: FakeSource, verdict: Verdict, stream: str
) -> None:
    source.budget, source.checkup = Budget(calls_left=0), {Check.CONNECTION: verdict}
    source.show(I4)
    await set_up(hass, account_entry())
    about_source = {"calls_left": 0, "stream": stream}
    assert await told(hass) == {"status": "reachable", "cars": 1, "last_success": NOW} | about_source


@pytest.mark.parametrize(
    ("failure", "status", "until"),
    [
        (BLOCKED, "blocked", NOW + timedelta(days=1)),
        (NotAllowedError("Forbidden", Refusal.FORBIDDEN), "forbidden", NOW + HOUR),
        (BUSY, "asked to wait", NOW + 3 * HOUR),
        (SILENT, "does not answer", None),
        (SignInRequiredError("Sign in"), "sign-in required", None),
    ],
)
async def test_an_account_that_is_not(
    hass: HomeAssistant, source: FakeSource, failure: SourceError, status: str, until: object
) -> None:
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.failure = failure
    await coordinator.async_refresh()
    waits = {"waits_until": until} if until else {}
    assert await told(hass) == {"status": status, "cars": 1, "last_success": NOW} | waits


@pytest.mark.parametrize(
    ("failure", "status", "until"),
    [
        (BLOCKED, "blocked", NOW + timedelta(days=1)),
        (BUSY, "asked to wait", NOW + 3 * HOUR),
        (SILENT, "does not answer", None),
        (SignInRequiredError("Sign in"), "sign-in required", None),
    ],
)
async def test_an_account_that_cannot_be_set_up(
    hass: HomeAssistant, source: FakeSource, failure: SourceError, status: str, until: object
) -> None:
    source.failure = failure
    await try_to_set_up(hass, account_entry())
    assert await told(hass) == {"status": status} | ({"waits_until": until} if until else {})


async def test_a_file_that_cannot_be_read_is_told_and_hides_no_other_account(
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], source: FakeSource
) -> None:
    hass_storage[f"{DOMAIN}.another"] = {"version": 2, "key": f"{DOMAIN}.another", "data": {}}
    source.show(I4)
    await set_up(hass, account_entry())
    await try_to_set_up(hass, account_entry(gcid="another"))
    assert await told(hass) == {"status": "reachable | unreadable", "cars": "1 | -", "last_success": "07:00 | -"}


async def test_several_accounts_stand_side_by_side(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    await hass.config_entries.async_set_disabled_by(
        hass.config_entries.async_entries(DOMAIN)[0].entry_id, ConfigEntryDisabler.USER
    )
    await hass.config.async_set_time_zone("Europe/Berlin")
    await set_up(hass, account_entry(gcid="another"))
    unloaded = account_entry(gcid="a third")
    unloaded.add_to_hass(hass)
    assert await told(hass) == {
        "status": "disabled | reachable | not_loaded",
        "cars": "- | 1 | -",
        "last_success": "- | 16:00 | -",
    }
