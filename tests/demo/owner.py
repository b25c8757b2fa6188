"""What the owner of a Home Assistant can ask it, over HTTP and WebSocket."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self, TypedDict

import aiohttp

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Json

POLL_S: Final = 0.25
"""How often to ask for something that takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCar:
    """A car as Home Assistant shows it: its entities and their states, by platform and key ("sensor.mileage")."""

    vin: str
    name: str
    entities: Mapping[str, str]
    states: Mapping[str, str]

    def knows(self, key: str) -> bool:
        """Whether there is such an entity, with something to tell."""
        return self.states.get(key, "unknown") != "unknown"


class _Device(TypedDict):
    id: str
    identifiers: list[tuple[str, str]]
    entry_type: str | None
    name: str


class _Entity(TypedDict):
    entity_id: str
    unique_id: str
    device_id: str | None


class _State(TypedDict):
    entity_id: str
    state: str


class _Answer[T](TypedDict):
    result: list[T]


class _Past(TypedDict):
    """Only the first state of an entity tells which one it is."""

    entity_id: str
    last_changed: str
    state: str


class _Row(TypedDict):
    state: float
    sum: float


class _Statistics(TypedDict):
    result: dict[str, list[_Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a counter showed at the end of a period, and how much it had counted since its first one."""

    state: float
    sum_: float


class Owner:
    """The owner, signed in. Every method raises aiohttp.ClientError if Home Assistant does not answer as it should."""

    def __init__(self, url: str, token: str) -> None:
        """Use `sign_in` instead."""
        headers = {"Authorization": f"Bearer {token}"}
        self._session = aiohttp.ClientSession(url, headers=headers, raise_for_status=True)
        self._token = token

    @classmethod
    async def sign_in(cls, url: str) -> Self:
        """Be let in for coming from this machine, as soon as Home Assistant answers at all."""
        async with aiohttp.ClientSession(url, raise_for_status=True) as stranger:
            while True:
                try:
                    return cls(url, await _token(stranger, client=f"{url}/"))
                except aiohttp.ClientError:
                    await asyncio.sleep(POLL_S)

    async def sign_out(self) -> None:
        """Close the connection; the token goes with the demo's next start."""
        await self._session.close()

    async def is_up(self) -> bool:
        """Whether Home Assistant has started to the end."""
        async with self._session.get("/api/config") as answer:
            config: dict[str, Json] = await answer.json()
        return config["state"] == "RUNNING"

    async def cars(self) -> list[ShownCar]:
        """All cars that there is anything to see of, by name. What an entity was in an earlier life is not seen."""
        async with self._session.get("/api/states") as answer:
            states: list[_State] = await answer.json()
        alive = {state["entity_id"]: state["state"] for state in states if state["state"] != "unavailable"}
        devices, entities = await self._registries()
        cars = [
            _shown(vin, device, [entity for entity in entities if entity["device_id"] == device["id"]], alive)
            for device in devices
            for domain, vin in device["identifiers"]
            if domain == DOMAIN and device["entry_type"] != "service"  # which is the account
        ]
        return sorted((car for car in cars if car.entities), key=lambda car: (car.name, car.vin))

    async def refresh_buttons(self) -> list[str]:
        """What asks BMW for all cars of an account at once, one for each account, in the same order at each start."""
        devices, entities = await self._registries()
        accounts = {
            device["id"]: account_id
            for device in devices
            for domain, account_id in device["identifiers"]
            if domain == DOMAIN and device["entry_type"] == "service"
        }
        return sorted(
            entity["entity_id"]
            for entity in entities
            if (account_id := accounts.get(entity["device_id"] or "")) and _key(entity, account_id) == "button.refresh"
        )

    async def history(self, entity_ids: Sequence[str], since: datetime) -> dict[str, list[tuple[datetime, str]]]:
        """What entities have shown, and from when on, since a moment."""
        query = {
            "filter_entity_id": ",".join(entity_ids),
            "end_time": datetime.now(UTC).isoformat(),
            "minimal_response": "",
            "no_attributes": "",
        }
        async with self._session.get(f"/api/history/period/{since.isoformat()}", params=query) as answer:
            told: list[list[_Past]] = await answer.json()
        return {
            states[0]["entity_id"]: [
                (datetime.fromisoformat(state["last_changed"]), state["state"]) for state in states
            ]
            for states in told
        }

    async def statistics(self, entity_ids: Sequence[str], since: datetime, *, period: str) -> dict[str, list[Count]]:
        """The statistics of counters since a moment, by "5minute", "hour" or "day"."""
        async with self._asking() as socket:
            await socket.send_json(
                {
                    "id": 1,
                    "type": "recorder/statistics_during_period",
                    "start_time": since.isoformat(),
                    "statistic_ids": [*entity_ids],
                    "period": period,
                    "types": ["state", "sum"],
                }
            )
            answer: _Statistics = await socket.receive_json()
        return {
            entity_id: [Count(state=row["state"], sum_=row["sum"]) for row in rows]
            for entity_id, rows in answer["result"].items()
        }

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
        async with self._session.ws_connect("/api/websocket") as socket:
            await socket.receive()  # it asks who we are
            await socket.send_json({"type": "auth", "access_token": self._token})
            await socket.receive()  # and believes us
            yield socket

    async def _registries(self) -> tuple[list[_Device], list[_Entity]]:
        async with self._asking() as socket:
            await socket.send_json({"id": 1, "type": "config/device_registry/list"})
            devices: _Answer[_Device] = await socket.receive_json()
            await socket.send_json({"id": 2, "type": "config/entity_registry/list"})
            entities: _Answer[_Entity] = await socket.receive_json()
        return devices["result"], entities["result"]


def _shown(vin: str, device: _Device, entities: Iterable[_Entity], alive: Mapping[str, str]) -> ShownCar:
    shown = {_key(entity, vin): entity["entity_id"] for entity in entities if entity["entity_id"] in alive}
    states = {key: alive[entity] for key, entity in shown.items()}
    return ShownCar(vin=vin, name=device["name"], entities=shown, states=states)


def _key(entity: _Entity, owner_id: str) -> str:
    platform, _, _ = entity["entity_id"].partition(".")
    return f"{platform}.{entity['unique_id'].removeprefix(f'{owner_id}-')}"


async def _token(stranger: aiohttp.ClientSession, client: str) -> str:
    flow = {"client_id": client, "redirect_uri": client, "handler": ["trusted_networks", None]}
    async with stranger.post("/auth/login_flow", json=flow) as answer:
        code: str = (await answer.json())["result"]
    form = {"client_id": client, "grant_type": "authorization_code", "code": code}
    async with stranger.post("/auth/token", data=form) as answer:
        token: str = (await answer.json())["access_token"]
    return token
