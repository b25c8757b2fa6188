"""CarData as a whole: who comes in, and what they may ask."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from json import JSONDecodeError
from typing import Final

from aiohttp import web

from custom_components.mybmw.sources import Clock, Json

from .. import speaks_cardata
from ..accounts import Accounts
from ..cardata_catalogue import CATALOGUE
from ..faults import Answer
from ..garage import LivingCar
from . import charging, papers
from .containers import MOST, Container, is_id
from .customers import API, Customer, Customers, Grant, Window, refused
from .sign_in import TOKEN_PATH, DeviceSignIn

_VIN_LENGTH: Final = 17


class CarData:
    """The official door to the cars that live in the garage. All of it can be changed while it runs.

    `customers` may come in, `sign_in` lets them; calls are counted within `quota_window`; lists come in pages of
    `page_size`. The recorded cars are not here: nothing was recorded of them in the words of this API.
    """

    def __init__(self, accounts: Accounts, *, clock: Clock) -> None:
        """Open for every account outside of China."""
        self.customers = Customers(accounts, clock=clock)
        self.sign_in = DeviceSignIn(customers=self.customers)
        self.quota_window = Window.ROLLING
        self.page_size = 10

    def customer(self) -> Customer:
        """The first customer, who is the demo account's owner."""
        return next(iter(self.customers))

    def routes(self, besides: Iterable[web.RouteDef]) -> Iterator[web.RouteDef]:
        """Where it all is, `besides` other rooms' routes, with one of which it shares an address.

        Both interfaces get their tokens at the same address. The phone app proves itself by a header there.
        """
        for route in besides:
            yield web.post(TOKEN_PATH, self._token_or(route.handler)) if route.path == TOKEN_PATH else route
        yield from self.sign_in.routes()
        about = "/customers/vehicles/{vin}"
        yield web.get("/customers/vehicles/mappings", self._mappings)
        yield web.get(f"{about}/basicData", self._basic_data)
        yield web.get(f"{about}/telematicData", self._telematic_data)
        yield web.get(f"{about}/chargingHistory", self._charging_history)
        yield web.get(f"{about}/locationBasedChargingSettings", self._charging_places)
        yield web.get(f"{about}/smartMaintenanceTyreDiagnosis", self._tires)
        yield web.get(f"{about}/image", self._image)
        yield web.get("/customers/containers", self._list_containers)
        yield web.post("/customers/containers", self._create_container)
        yield web.get("/customers/containers/{container}", self._show_container)
        yield web.delete("/customers/containers/{container}", self._delete_container)

    def _token_or(self, otherwise: Answer) -> Answer:
        async def token(request: web.Request) -> web.StreamResponse:
            return await (otherwise if "authorization" in request.headers else self.sign_in.token)(request)

        return token

    # Who asks

    def _admit(self, request: web.Request) -> Customer:
        """See who asks, count it, and see whether they may ask anything."""
        if request.headers.get("x-version") != "v1":
            raise refused(400, "CU-400", "Bad request", "x-version")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise refused(401, "CU-100", "No token")
        grant = self.customers.who_asks(token) if scheme == "Bearer" else None
        if grant is None:
            raise refused(401, "CU-101", "Authentication failed")
        if self.customers.clock() >= grant.ends_at:
            raise refused(401, "CU-102", "Token expired")
        self.customers.count(grant.customer, self.quota_window)
        if not _has_api(grant):
            raise refused(403, "CU-103", "No scope")
        return grant.customer

    def _find(self, request: web.Request) -> tuple[Customer, LivingCar]:
        """See which car it is about."""
        customer = self._admit(request)
        vin = request.match_info["vin"]
        if len(vin) != _VIN_LENGTH or not vin.isalnum() or vin != vin.upper():
            raise refused(400, "CU-120", "VIN format")
        car = next((car for car in _cars(customer) if car.vin == vin), None)
        if car is None or vin in customer.secondary:
            raise refused(403, "CU-104", "No access to this VIN")
        return customer, car

    # Cars

    async def _mappings(self, request: web.Request) -> web.Response:
        customer = self._admit(request)
        return web.json_response(
            [
                {
                    "vin": car.vin,
                    "mappedSince": "2026-01-05T09:15:00Z",
                    "mappingType": "SECONDARY" if car.vin in customer.secondary else "PRIMARY",
                }
                for car in _cars(customer)
            ]
        )

    async def _basic_data(self, request: web.Request) -> web.Response:
        _customer, car = self._find(request)
        return web.json_response(papers.basic_data(car.life.model))

    async def _telematic_data(self, request: web.Request) -> web.Response:
        customer, car = self._find(request)
        container = _container(customer, request.query.get("containerId", ""))
        if not container.is_active:
            raise refused(403, "CU-105", "No access to this container")
        said = speaks_cardata.said(car.life, car.clock)
        return web.json_response(
            {"telematicData": {key: speaks_cardata.in_rest(said[key]) for key in container.descriptors if key in said}}
        )

    async def _charging_history(self, request: web.Request) -> web.Response:
        _customer, car = self._find(request)
        since, until = _moment(request.query, "from"), _moment(request.query, "to")
        sessions = charging.sessions(car.life, car.clock, since, until)
        page, token = self._page(sessions, request.query.get("nextToken"))
        return web.json_response({"data": page} | ({"next_token": token} if token else {}))

    async def _charging_places(self, request: web.Request) -> web.Response:
        _customer, car = self._find(request)
        places = charging.places(car.life, car.clock)
        if not places:
            raise refused(404, "CU-127", "No location based charging data")
        page, token = self._page(places, request.query.get("nextToken"))
        return web.json_response({"data": page} | ({"nextToken": token} if token else {}))

    def _page(self, items: list[Json], token: str | None) -> tuple[list[Json], str]:
        start = 0
        if token is not None:
            if not token.isdecimal():
                raise refused(400, "CU-125", "Pagination token expired")
            start = int(token)
        end = start + self.page_size
        return items[start:end], str(end) if end < len(items) else ""

    async def _tires(self, request: web.Request) -> web.Response:
        _customer, car = self._find(request)
        return web.json_response(papers.tire_diagnosis(car.life.model))

    async def _image(self, request: web.Request) -> web.Response:
        _customer, car = self._find(request)
        picture = await asyncio.to_thread(papers.picture, car.life.model)
        return web.Response(body=picture, content_type="image/png")

    # Containers

    async def _list_containers(self, request: web.Request) -> web.Response:
        customer = self._admit(request)
        return web.json_response({"containers": [container.told() for container in customer.containers]})

    async def _show_container(self, request: web.Request) -> web.Response:
        container = _container(self._admit(request), request.match_info["container"])
        return web.json_response(container.told() | {"technicalDescriptors": [*container.descriptors]})

    async def _create_container(self, request: web.Request) -> web.Response:
        customer = self._admit(request)
        try:
            document: Json = await request.json()
        except JSONDecodeError:
            document = None
        if not isinstance(document, dict) or not isinstance(keys := document.get("technicalDescriptors"), list):
            raise refused(400, "CU-400", "Bad request")
        name, purpose = document.get("name"), document.get("purpose")
        if not (isinstance(name, str) and name and isinstance(purpose, str) and purpose and keys):
            raise refused(400, "CU-401", "Parameter value invalid")
        descriptors = tuple(key for key in keys if isinstance(key, str))
        if unknown := sorted(set(descriptors) - CATALOGUE):
            raise refused(400, "CU-402", "Telematic key unknown", f"Unknown or deprecated: {', '.join(unknown)}")
        if customer.most_descriptors is not None and len(descriptors) > customer.most_descriptors:
            raise refused(403, "CU-403", "Bad Request. Forbidden", "The resource is invalid")
        if sum(container.is_active for container in customer.containers) >= MOST:
            raise refused(400, "CU-124", "Container limit reached")
        container = Container(name=name, purpose=purpose, descriptors=descriptors, created=self.customers.clock())
        customer.containers.append(container)
        return web.json_response(container.told() | {"technicalDescriptors": [*descriptors]}, status=201)

    async def _delete_container(self, request: web.Request) -> web.Response:
        container = _container(self._admit(request), request.match_info["container"])
        if not container.is_active:
            return web.Response(status=208)
        container.is_active = False
        return web.Response(status=204)


def _has_api(grant: Grant) -> bool:
    return API in grant.scopes and API in grant.customer.subscribed


def _cars(customer: Customer) -> list[LivingCar]:
    return sorted((car for car in customer.account.garage if isinstance(car, LivingCar)), key=lambda car: car.vin)


def _container(customer: Customer, container_id: str) -> Container:
    if not is_id(container_id):
        raise refused(400, "CU-121", "Container format")
    container = next((each for each in customer.containers if each.container_id == container_id), None)
    if container is None:
        raise refused(403, "CU-105", "No access to this container")
    return container


def _moment(query: Mapping[str, str], key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(query.get(key, ""))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise refused(400, "CU-400", "Bad request", key)
    return moment
