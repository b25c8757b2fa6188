"""Addresses are looked up where the owner says, and nowhere else."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.geocoder import GeocoderError, look_up
from custom_components.mybmw.vehicle import Position, SendDestination
from tests.geocoder import Geocoder, geocoding

ADDRESS = "Am Olympiapark 2, München"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def geocoder(socket_enabled: None) -> AsyncGenerator[Geocoder]:  # noqa: ARG001 (it is a real server)
    async with geocoding() as geocoder:
        yield geocoder


async def found(url: str) -> SendDestination | None:
    async with httpx.AsyncClient() as http:
        return await look_up(http, url, ADDRESS)


async def test_an_address_becomes_a_place(geocoder: Geocoder) -> None:
    assert await found(f"{geocoder.url}?key=not-to-be-told") == SendDestination(
        position=Position(latitude=48.1769, longitude=11.5587),
        street="Am Olympiapark",
        house_number="2",
        postal_code="80809",
        city="München",
        country="Deutschland",
    )
    assert geocoder.asked == [
        {"key": "not-to-be-told", "q": ADDRESS, "format": "json", "addressdetails": "1", "limit": "1"}
    ]


async def test_an_address_may_be_unknown(geocoder: Geocoder) -> None:
    geocoder.answer = []
    assert await found(geocoder.url) is None


@pytest.mark.parametrize(
    ("address", "city"),
    [
        ({"village": "Wörnitz"}, "Wörnitz"),
        ({"town": "Dachau", "municipality": "Dachau (Kreis)"}, "Dachau"),
        ({"city": "x" * 101}, ""),
        ({"city": "a\nb"}, ""),
        ({"city": 7}, ""),
        (None, ""),
    ],
)
async def test_parts_of_an_address_are_taken_as_far_as_they_can_be_shown(
    geocoder: Geocoder, address: Json, city: str
) -> None:
    geocoder.answer = [{"lat": 48, "lon": 11, "address": address}]
    place = await found(geocoder.url)
    assert place
    assert place.city == city


@pytest.mark.parametrize(
    "answer",
    [{}, None, "no", [7], [{}], [{"lat": "48"}], [{"lat": "91", "lon": "0"}], [{"lat": "nan", "lon": "0"}]],
)
async def test_an_answer_that_is_none(geocoder: Geocoder, answer: Json) -> None:
    geocoder.answer = answer
    with pytest.raises(GeocoderError):
        await found(geocoder.url)


async def test_an_address_goes_nowhere_but_where_the_owner_said(geocoder: Geocoder) -> None:
    geocoder.status, geocoder.redirects_to = 302, f"{geocoder.url}?and=elsewhere"
    with pytest.raises(GeocoderError, match="HTTP status 302"):
        await found(geocoder.url)
    assert len(geocoder.asked) == 1
    for asked in ("file:///etc/passwd", "ftp://127.0.0.1/search", "unix:///var/run/docker.sock"):
        with pytest.raises(GeocoderError):
            await found(asked)


async def test_what_goes_wrong_is_told_without_the_url(geocoder: Geocoder) -> None:
    geocoder.status = 403
    url = f"{geocoder.url}?key=not-to-be-told"
    for asked, why in (
        (url, "HTTP status 403"),
        ("http://127.0.0.1:1/search?key=not-to-be-told", "no answer"),
        ("http://localhost:not-to-be-told/", "its address is not a URL"),
    ):
        with pytest.raises(GeocoderError) as raised:
            await found(asked)
        assert str(raised.value) == why
        assert raised.value.__cause__ is None
