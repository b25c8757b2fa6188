"""What the application asks once it is in: which cars there are, and how they are."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from custom_components.mybmw.sources import Json

from .accounts import Account, Accounts
from .dialect import (
    RefusalError,
    brand_of,
    check_session,
    malformed,
    region_of,
    require,
    vin_of,
)
from .garage import Car
from .pictures import VIEWS, draw

_HEADERS: Final = {
    "accept-language": "en",
    "x-raw-locale": "en-US",
    "bmw-units-preferences": "d=KM;v=L;p=B;ec=KWH100KM;fc=L100KM;em=GKM;",
    "24-hour-format": "true",
}
"""With these, distances are kilometers, volumes liters and pressures kilopascals, in every region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MyBmw:
    """The requests about cars. Each is about one brand, and all but the first about one car (header bmw-vin)."""

    accounts: Accounts

    def routes(self) -> Iterable[web.RouteDef]:
        """Where they are."""
        return (
            web.post("/eadrax-vcs/v5/vehicle-list", self._list),
            web.get("/eadrax-vcs/v5/vehicle-data/profile", self._profile),
            web.get("/eadrax-vcs/v4/vehicles/state", self._state),
            web.get("/eadrax-crccs/v2/vehicles", self._charging),
            web.get("/eadrax-ics/v5/presentation/vehicles/images", self._picture),
        )

    async def _list(self, request: web.Request) -> web.Response:
        """The cars of the brand that asks; none is a normal answer."""
        account = self._admit(request)
        cars = [car for car in account.garage if car.brand == brand_of(request)]
        return web.json_response(
            {"gcid": account.gcid, "mappingInfos": [_mapping(car) for car in sorted(cars, key=lambda car: car.vin)]}
        )

    async def _profile(self, request: web.Request) -> web.Response:
        """What the car is."""
        _account, car = self._find(request)
        return web.json_response(car.profile)

    async def _state(self, request: web.Request) -> web.Response:
        """How the car is, and what it can be asked to do."""
        account, car = self._find(request)
        require("apptimezone", request.query.get("apptimezone"), "0")
        if not request.query.get("appDateTime", "").isdecimal():
            what = "appDateTime"
            raise malformed(what)
        return web.json_response({"capabilities": car.capabilities, "state": account.garage.state_of(car)})

    async def _charging(self, request: web.Request) -> web.Response:
        """When and how the car is to be charged."""
        _account, car = self._find(request)
        require("fields", request.query.get("fields"), "charging-profile")
        if request.query.get("has_charging_settings_capabilities") not in {"true", "false"}:
            what = "has_charging_settings_capabilities"
            raise malformed(what)
        if not _is_moment(request.headers.get("bmw-current-date", "")):
            what = "bmw-current-date"
            raise malformed(what)
        if car.charging is None:
            raise _not_found()
        return web.json_response(car.charging)

    async def _picture(self, request: web.Request) -> web.Response:
        """How the car looks from a side."""
        _account, car = self._find(request, accept="image/png")
        require("bmw-app-vehicle-type", request.headers.get("bmw-app-vehicle-type"), "connected")
        require("toCrop", request.query.get("toCrop"), "true")
        if (view := request.query.get("carView", "")) not in VIEWS:
            what = "carView"
            raise malformed(what)
        body, color = car.profile.get("bodyType"), car.profile.get("color")
        picture = await asyncio.to_thread(draw, view, str(body), color if isinstance(color, int) else 0xFFA0A4A8)
        return web.Response(body=picture, content_type="image/png")

    def _admit(self, request: web.Request, *, accept: str = "application/json") -> Account:
        """Check that it is the application that asks, and see for whom."""
        region = region_of(request)
        check_session(request)
        require("accept", request.headers.get("accept"), accept)
        for name, value in _HEADERS.items():
            require(name, request.headers.get(name), value)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self.accounts.who_asks(token) if scheme == "Bearer" else None
        if account is None or account.region != region:
            raise RefusalError(401, {"statusCode": 401, "message": "Unauthorized"})
        return account

    def _find(self, request: web.Request, *, accept: str = "application/json") -> tuple[Account, Car]:
        """See which car it is about. A car is only found by the application of its own brand."""
        account = self._admit(request, accept=accept)
        car = account.garage.find(vin=vin_of(request) or "", brand=brand_of(request) or "")
        if car is None:
            raise _not_found()
        return account, car


def _mapping(car: Car) -> dict[str, Json]:
    return {
        "vin": car.vin,
        "isAssociated": False,
        "isLmmEnabled": False,
        "isPrimaryUser": True,
        "mappingStatus": "CONFIRMED",
        "vehicleMappingType": "CONNECTED",
    }


def _not_found() -> RefusalError:
    return RefusalError(404, {"statusCode": 404, "message": "Resource not found"})


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
