"""What the tests of this room share: time in their hands, and all rooms of an account put together."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, override

import httpx

from custom_components.mybmw.sources import Credentials
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.cardata.grant import Grant
from tests.clock import SetClock
from tests.simulator import Simulator
from tests.simulator.cardata import SCOPES, Customer

NOW: Final = datetime(2026, 2, 20, 12, 3, 21, tzinfo=UTC)
"""Not long after the garage has opened, so that there is not much to live through."""

API: Final = "/customers/"
TOKEN: Final = "/gcdm/oauth/token"
DEVICE_CODE: Final = "/gcdm/oauth/device/code"


class Clock(SetClock):
    """A clock that stands at the moment at which tests of this room begin."""

    def __init__(self) -> None:
        super().__init__(NOW)


class Sleeper:
    """Sleep during which the clock goes on, and things happen."""

    def __init__(self, clock: Clock) -> None:
        self.naps: list[float] = []
        self.meanwhile: dict[int, Callable[[], object]] = {}
        self._clock = clock

    async def __call__(self, seconds: float) -> None:
        """Wait, as far as anybody can tell."""
        self.naps.append(seconds)
        self._clock.advance(seconds=seconds)
        if happens := self.meanwhile.get(len(self.naps)):
            happens()
        await asyncio.sleep(0)


class Gate(asyncio.Event):
    """Holds up a request (`Fault.after`) and tells when one has `reached` it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    @override
    async def wait(self) -> Literal[True]:
        self.reached.set()
        return await super().wait()


@dataclass(slots=True)
class Keeper:
    """Keeps credentials, and notes how many requests the cloud had got when it did; things happen `meanwhile`."""

    cloud: Simulator
    meanwhile: Callable[[], object] = lambda: None
    kept: list[Credentials] = field(default_factory=list)
    asked_before: list[int] = field(default_factory=list)

    async def __call__(self, credentials: Credentials) -> None:
        """Keep them."""
        await asyncio.sleep(0)  # as a disk would, let others run
        self.meanwhile()
        self.kept.append(credentials)
        self.asked_before.append(len(self.cloud.requests))


class Rooms:
    """All rooms of an account that has signed in."""

    def __init__(  # noqa: PLR0913 (all it needs comes from outside)
        self,
        cloud: Simulator,
        http: httpx.AsyncClient,
        clock: Clock,
        keep: Keeper,
        *,
        credentials: Credentials | None = None,
        scopes: frozenset[str] = frozenset(SCOPES),
    ) -> None:
        self.cloud = cloud
        self.customer: Customer = cloud.cardata.customer()
        self.keep = keep
        self.clock = clock
        if credentials is None:
            credentials = first_credentials(granted(cloud, clock, scopes))
        settings = {"client_id": self.customer.client_id}
        self.access = access = Access.of(settings, credentials, http=http, keep=keep, clock=clock)
        self.close = access.close
        self.memory, self.tokens, self.ledger = access.memory, access.tokens, access.ledger
        self.client, self.containers = access.client, access.containers


def granted(cloud: Simulator, clock: Callable[[], datetime], scopes: frozenset[str] = frozenset(SCOPES)) -> Grant:
    """A grant that the cloud has just given out."""
    given = cloud.cardata.customers.admit(cloud.cardata.customer(), scopes)
    grant = Grant.answered(
        {
            "access_token": given.access_token,
            "id_token": given.id_token,
            "refresh_token": given.refresh_token,
            "expires_in": int((given.ends_at - clock()).total_seconds()),
            "scope": " ".join(sorted(scopes)),
            "gcid": given.customer.account.gcid,
        },
        clock(),
    )
    assert grant
    return grant


def asked(cloud: Simulator, path: str = API) -> list[tuple[str, int]]:
    """What was asked below a path, and how it was answered: the last part of each path, and the status."""
    return [(one.path.rpartition("/")[2], one.status) for one in cloud.requests if one.path.startswith(path)]
