"""Pictures of cars: asked for as the app does, and taken for one only if it is one."""

import httpx
import pytest

from custom_components.mybmw.sources import NotAllowedError, Refusal, SlowDownError, TryLaterError
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.vehicle import View
from tests.account import a_picture
from tests.recorded import RECORDED_CARS

from .cloud import BLOCKED, FORBIDDEN, HTML, QUOTA, STATE, Cloud, Reply, brand_of

IMAGES = "/eadrax-ics/v5/presentation/vehicles/images"
I20 = RECORDED_CARS["I20"].vin
PNG = a_picture()


async def test_every_view_is_asked_for_as_the_app_does(source: MyBmwSource, cloud: Cloud) -> None:
    cloud.replies[IMAGES] = httpx.Response(200, content=PNG.content)
    await source.fetch()
    assert set(source.views) == set(View)
    for view in source.views:
        assert await source.picture(I20, view) == PNG
    requests = cloud.about(IMAGES)
    assert len({request.url.params["carView"] for request in requests}) == 12
    for request in requests:
        assert request.method == "GET"
        assert request.url.params["toCrop"] == "true"
        assert request.headers["accept"] == "image/png"
        assert request.headers["bmw-app-vehicle-type"] == "connected"
        assert request.headers["bmw-vin"] == I20
        assert brand_of(request) == "bmw"
    assert requests[0].url.params["carView"] == "VehicleStatus"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(200, text=HTML), TryLaterError),
        (httpx.Response(200, content=PNG.content[:-1]), TryLaterError),
        (httpx.Response(200, content=b""), TryLaterError),
        (httpx.Response(400, content=PNG.content), TryLaterError),
        (httpx.Response(404), TryLaterError),
        (httpx.Response(500), TryLaterError),
        (httpx.ConnectError("gone"), TryLaterError),
        (FORBIDDEN, NotAllowedError),
        (QUOTA, SlowDownError),
    ],
)
async def test_what_is_no_picture(source: MyBmwSource, cloud: Cloud, reply: Reply, error: type[Exception]) -> None:
    await source.fetch()
    cloud.replies[IMAGES] = reply
    with pytest.raises(error):
        await source.picture(I20, View.FRONT_SIDE)


async def test_blocked_pictures_do_not_block_cars(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    cloud.replies[IMAGES] = BLOCKED
    with pytest.raises(NotAllowedError) as raised:
        await source.picture(I20, View.FRONT_SIDE)
    assert raised.value.reason is Refusal.BLOCKED
    assert (await source.fetch()).vehicles


async def test_a_pause_is_one_for_cars_and_pictures(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    cloud.replies[STATE] = QUOTA
    with pytest.raises(SlowDownError):
        await source.fetch()
    with pytest.raises(SlowDownError):
        await source.picture(I20, View.FRONT_SIDE)
    assert cloud.about(IMAGES) == []


async def test_a_stranger_is_not_asked_for(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    with pytest.raises(TryLaterError, match="not on the account"):
        await source.picture("WBA0000000000NEW1", View.FRONT_SIDE)
    assert cloud.about(IMAGES) == []
