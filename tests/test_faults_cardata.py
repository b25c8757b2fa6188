"""Every fault of CarData, of its questions and its stream, against an account; docs/faults.md says what happens."""

from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime
import random
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM

from .faults.document import Table
from .faults.findings import keeps, recovers, sees
from .faults.listening import SPEED, Listening, listening_account
from .simulator import ANY_SERVERS, CARDATA_PRESETS, Preset, Simulator
from .simulator.stream import Which

NOW: Final = datetime(2026, 2, 20, 6, 0, tzinfo=UTC)
"""In the morning, when cars are driven, and soon after the garage has opened: there is little to live through."""

TAKE_THEIR_TIME: Final = {"slow", "never-answered"}
"""The stream is watched turn by turn, which an answer that does not come would hold up."""

LISTENED: Final = (*(fault for fault in ANY_SERVERS if fault not in TAKE_THEIR_TIME), *CARDATA_PRESETS)
"""All that is played to an account of CarData."""

PLAYED: Final = {
    "server-error",
    "cardata-calls-used-up",
    "cardata-sign-in-ended",
    "stream-refused",
    "stream-rival",
}
"""What each run of the tests plays. All are played, and written down anew, by `scripts/test --snapshot-update`."""

pytestmark = [pytest.mark.freeze_time(NOW), pytest.mark.usefixtures("hass_storage")]


@pytest.fixture
async def account(
    hass: HomeAssistant,
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Listening]:
    """An account in a good hour."""
    async with Simulator(cars=["I5", "X1"], speed=SPEED, stream=Which.AMQTT) as cloud:
        cloud.stream.goes_on = False
        await cloud.stream.look()
        monkeypatch.setenv(LOOPBACK, cloud.url)
        monkeypatch.setenv(LOOPBACK_STREAM, f"127.0.0.1:{cloud.stream.port}")
        monkeypatch.setenv(LOOPBACK_CA, cloud.stream.ca_file)
        dice = random.getstate()
        account = await listening_account(hass, freezer, cloud)
        yield account
        random.setstate(dice)
        await hass.config_entries.async_unload(account.entry.entry_id)


@pytest.mark.parametrize("preset", CARDATA_PRESETS.values(), ids=CARDATA_PRESETS)
def test_every_fault_is_documented(preset: Preset, *, update_document: bool) -> None:
    seen = ", ".join(f"[{seen.when}]({seen.url})" for seen in preset.seen) or "not yet"
    Table("cardata").check(preset.name, [f"{preset.what}.", seen, f"{preset.played}."], update=update_document)


@pytest.mark.parametrize(("table", "faults"), [("cardata", CARDATA_PRESETS), ("listening", LISTENED)])
def test_no_other_fault_is_documented(table: str, faults: Iterable[str]) -> None:
    assert Table(table).faults == [*faults]


async def test_a_good_hour(account: Listening) -> None:
    assert await account.good_hour() == 4


@pytest.mark.parametrize("fault", LISTENED)
async def test_what_a_fault_does(account: Listening, fault: str, *, update_document: bool) -> None:
    if fault not in PLAYED and not update_document:
        pytest.skip("left to --snapshot-update, which plays all faults: a run plays the same few of them")
    course = await account.play(fault)
    cells = [sees(course), keeps(course), recovers(course), str(course.requests)]
    Table("listening").check(fault, cells, update=update_document)
