"""The action that sends a destination to a car, and how the place is found."""

from collections.abc import AsyncGenerator, Awaitable, Mapping
from typing import Final

from homeassistant.const import ATTR_LATITUDE, ATTR_LONGITUDE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.const import CONF_READ_ONLY
from custom_components.mybmw.vehicle import (
    Position,
    SendDestination,
)

from .account import NOW, FakeSource, a_car, account_entry, set_up
from .calling import I4, act
from .complaints import complaint
from .geocoder import Geocoder, geocoding

pytestmark = pytest.mark.freeze_time(NOW)

MUSEUM: Final = Position(latitude=48.1769, longitude=11.5587)
LOCATION: Final = {ATTR_LATITUDE: 48.1769, ATTR_LONGITUDE: 11.5587}
ADDRESS: Final = "Am Olympiapark 2, München"


@pytest.fixture
async def geocoder(socket_enabled: None) -> AsyncGenerator[Geocoder]:  # noqa: ARG001 (it is a real server)
    async with geocoding() as geocoder:
        yield geocoder


@pytest.mark.usefixtures("i4_account")
async def test_a_location_is_sent(hass: HomeAssistant, source: FakeSource) -> None:
    await act(hass, "send_destination", location={**LOCATION, "radius": 100}, name="BMW Museum", city="München")
    assert source.commands == [(I4.vin, SendDestination(position=MUSEUM, name="BMW Museum", city="München"))]


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize("name", [None, "Work"])
async def test_a_place_of_home_assistant_is_sent_under_its_name(
    hass: HomeAssistant, source: FakeSource, name: str | None
) -> None:
    hass.states.async_set("zone.museum", "0", {**LOCATION, "friendly_name": "Museum"})
    await act(hass, "send_destination", entity_id="zone.museum", **({"name": name} if name else {}))
    assert source.commands == [(I4.vin, SendDestination(position=MUSEUM, name=name or "Museum"))]


@pytest.mark.usefixtures("i4_account")
async def test_coordinates_in_an_address_need_no_geocoder(hass: HomeAssistant, source: FakeSource) -> None:
    await act(hass, "send_destination", address="geo:48.1769,11.5587")
    assert source.commands == [(I4.vin, SendDestination(position=MUSEUM))]


@pytest.mark.usefixtures("i4_account")
async def test_an_address_is_looked_up_where_the_owner_says(
    hass: HomeAssistant, source: FakeSource, geocoder: Geocoder
) -> None:
    await act(hass, "send_destination", address=ADDRESS, geocoder=geocoder.url, name="Museum", house_number="2a")
    [(vin, command)] = source.commands
    assert vin == I4.vin
    assert command == SendDestination(
        position=MUSEUM,
        name="Museum",
        street="Am Olympiapark",
        house_number="2a",
        postal_code="80809",
        city="München",
        country="Deutschland",
    )
    assert [asked["q"] for asked in geocoder.asked] == [ADDRESS]


@pytest.mark.usefixtures("i4_account")
async def test_nobody_is_asked_about_an_address_unless_the_owner_says_so(
    hass: HomeAssistant, source: FakeSource
) -> None:
    german, english = await complaint(hass, act(hass, "send_destination", address=ADDRESS))
    assert english.startswith("An address has to be looked up, and whoever does that learns where you are going")
    assert german.startswith("Eine Adresse muss nachgeschlagen werden, und wer das tut, erfährt dein Ziel")
    assert source.commands == []


@pytest.mark.parametrize("is_read_only", [True, False])
async def test_no_address_is_told_for_a_car_that_takes_no_destination(
    hass: HomeAssistant, source: FakeSource, geocoder: Geocoder, *, is_read_only: bool
) -> None:
    source.show(I4 if is_read_only else a_car("deaf"))
    await set_up(hass, account_entry({CONF_READ_ONLY: is_read_only}))
    [vin] = source.vehicles
    await complaint(hass, act(hass, "send_destination", vin, address=ADDRESS, geocoder=geocoder.url))
    assert geocoder.asked == []
    assert source.commands == []


@pytest.mark.usefixtures("i4_account")
async def test_a_geocoder_may_fail(hass: HomeAssistant, source: FakeSource, geocoder: Geocoder) -> None:
    def look_up() -> Awaitable[None]:
        return act(hass, "send_destination", address=ADDRESS, geocoder=f"{geocoder.url}?key=not-to-be-told")

    geocoder.answer = []
    german, english = await complaint(hass, look_up())
    assert english.startswith("The geocoder does not know this address.")
    assert german.startswith("Der Geocoder kennt diese Adresse nicht.")
    geocoder.status = 503
    german, english = await complaint(hass, look_up())
    assert english.startswith("The geocoder did not find the address: HTTP status 503.")
    assert german.startswith("Der Geocoder hat die Adresse nicht gefunden: HTTP status 503.")
    assert source.commands == []


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, ("auf genau eine Weise", "in exactly one way")),
        ({"location": LOCATION, "entity_id": "zone.home"}, ("auf genau eine Weise", "in exactly one way")),
        ({"entity_id": "sun.sun"}, ("sun.sun hat im Moment keine", "sun.sun has no coordinates")),
        ({"address": "91, 0"}, ("", "")),
        ({"location": LOCATION, "name": "a\nb"}, ("", "")),
    ],
)
async def test_a_destination_that_is_none(
    hass: HomeAssistant, source: FakeSource, data: Mapping[str, object], words: tuple[str, str]
) -> None:
    texts = await complaint(hass, act(hass, "send_destination", **data))
    assert all(word in text for word, text in zip(words, texts, strict=True))
    assert source.commands == []
