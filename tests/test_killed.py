"""Home Assistant is killed while a sign-in is renewed: what is lost nobody could have saved, and the owner is told."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sys
from typing import Final

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Credentials
from custom_components.mybmw.sources.cardata import Grant, first_credentials
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM

from .account import try_to_set_up
from .mortal import KILLED, SIGN_IN_AGAIN, SIGNED_IN, Step
from .simulator import DEMO_PASSWORD, DEMO_USERNAMES, Simulator
from .simulator.cardata import SCOPES

LOST: Final = frozenset({Step.ANSWERED, Step.BEFORE_STORE, Step.HALF_WRITTEN, Step.WRITTEN})
"""BMW has voided the old refresh token, and the new one is not on the disk: no client could know it after a restart."""

REPOSITORY: Final = Path(__file__).parents[1]
LONG_AGO: Final = datetime(2026, 1, 5, tzinfo=UTC)
TOKEN_PATH: Final = "/gcdm/oauth/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An account as Home Assistant knows it, whose access has ended since."""

    gcid: str
    settings: Mapping[str, str]
    credentials: Credentials


def of_mybmw(cloud: Simulator) -> Known:
    """An account at MyBMW's door."""
    account = next(account for account in cloud.accounts if account.region == "row")
    tokens = cloud.accounts.admit(account)
    settings = {
        "source": "mybmw",
        "username": DEMO_USERNAMES["row"],
        "password": DEMO_PASSWORD,
        "region": "rest_of_world",
    }
    return Known(
        gcid=account.gcid,
        settings=settings,
        credentials={"gcid": account.gcid, "refresh_token": tokens.refresh_token},
    )


def of_cardata(cloud: Simulator) -> Known:
    """An account at CarData's door."""
    customer = cloud.cardata.customer()
    given = cloud.cardata.customers.admit(customer, frozenset(SCOPES))
    grant = Grant(
        access_token=given.access_token,
        access_ends_at=LONG_AGO,
        id_token=given.id_token,
        id_ends_at=LONG_AGO,
        refresh_token=given.refresh_token,
        gcid=customer.account.gcid,
        scopes=given.scopes,
    )
    return Known(
        gcid=customer.account.gcid,
        settings={"source": "cardata", "client_id": customer.client_id},
        credentials=first_credentials(grant),
    )


DOORS: Final[Mapping[str, Callable[[Simulator], Known]]] = {"mybmw": of_mybmw, "cardata": of_cardata}


@pytest.fixture
def hass_storage() -> dict[str, object]:
    """No files in memory: these are on a real disk, as another process has to read them."""
    return {}


@pytest.fixture
async def cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Simulator]:
    """A cloud with a living car, which both doors lead to."""
    async with Simulator(cars=["I5"]) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        monkeypatch.setenv(LOOPBACK_STREAM, "127.0.0.1:9")  # nobody gets as far as that
        monkeypatch.setenv(LOOPBACK_CA, "/dev/null")
        yield cloud


@pytest.fixture
async def mortal(
    cloud: Simulator,  # noqa: ARG001 (it has to be found in the environment)
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A process that can be asked to look at an account, and to die of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.mortal", stdin=PIPE, stdout=PIPE, cwd=REPOSITORY
    )
    yield process
    assert process.stdin
    process.stdin.close()
    await process.wait()


async def looked(mortal: asyncio.subprocess.Process, folder: Path, known: Known, dies_at: str = "") -> str:
    """What becomes of a look at an account."""
    assert mortal.stdin
    assert mortal.stdout
    wish = {"folder": str(folder), "gcid": known.gcid, "settings": dict(known.settings), "dies_at": dies_at}
    mortal.stdin.write(f"{json.dumps(wish)}\n".encode())
    return (await mortal.stdout.readline()).decode().strip()


def renewals(cloud: Simulator) -> int:
    """How often BMW was asked for new tokens."""
    return sum(asked.path == TOKEN_PATH for asked in cloud.requests)


@pytest.mark.parametrize("door", DOORS)
async def test_a_sign_in_survives_being_killed_wherever_it_can(
    hass: HomeAssistant, tmp_path: Path, cloud: Simulator, mortal: asyncio.subprocess.Process, door: str
) -> None:
    """Where it cannot, the owner is asked to sign in again, and BMW is not asked for anything any more."""
    outcomes = {}
    for step in sorted(Step, key=lambda step: step in LOST):  # the last one stays lost
        known = DOORS[door](cloud)
        await AccountStore(hass, known.gcid).async_keep_credentials(known.credentials)
        assert await looked(mortal, tmp_path, known, dies_at=step) == KILLED, step
        asked_before = renewals(cloud)
        outcomes[step] = await looked(mortal, tmp_path, known)
        assert renewals(cloud) <= asked_before + 1, step
    assert outcomes == {step: SIGN_IN_AGAIN if step in LOST else SIGNED_IN for step in Step}

    asked_before = renewals(cloud)
    entry = MockConfigEntry(domain=DOMAIN, unique_id=known.gcid, data=dict(known.settings))
    await try_to_set_up(hass, entry)
    for hours in (1, 12, 24):
        async_fire_time_changed(hass, datetime.now(UTC) + timedelta(hours=hours))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len([*entry.async_get_active_flows(hass, {SOURCE_REAUTH})]) == 1
    assert renewals(cloud) == asked_before + 1
