"""The accounts of the demo: which cars each has, and signing in at the simulated cloud as their owners would."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx

from custom_components.mybmw.const import CARDATA_TITLE, CONF_CLIENT_ID, CONF_READ_ONLY, CONF_SOURCE
from custom_components.mybmw.sources import Credentials, Json
from custom_components.mybmw.sources.cardata import DeviceSignIn, first_credentials
from custom_components.mybmw.sources.mybmw import Account as MyBMWAccount, Region, sign_in
from tests.recorded import RECORDED_CARS
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Account, Age, Garage, Simulator
from tests.simulator.cardata import Customer
from tests.simulator.living import LIVING_CARS

from . import DemoError

_CARDATA_CAR: Final = "X1"
"""What the account of CarData has, unless it is on the first one."""
_NEIGHBORS_CARS: Final = ("G26", "I20")
"""The same for the account that nobody has added yet."""

FIRST_CARS: Final = tuple(name for name in LIVING_CARS if name != _CARDATA_CAR)
"""The cars of the first account, unless others are wanted."""

_PARTNER: Final = "partner@example.com"
_NEIGHBOR: Final = "neighbor@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An account as Home Assistant has it once it is added."""

    entry_id: str
    title: str
    settings: Mapping[str, str]
    options: Mapping[str, Json]
    gcid: str
    credentials: Credentials = field(repr=False)


def now() -> datetime:
    """The clock of the demo."""
    return datetime.now(UTC)


async def sign_in_to_mybmw() -> SignedIn:
    """Sign in to the first account."""
    settings = {
        CONF_SOURCE: "mybmw",
        "username": DEMO_USERNAMES["row"],
        "password": DEMO_PASSWORD,
        "region": Region.REST_OF_WORLD.value,
    }
    async with httpx.AsyncClient() as http:
        credentials = await sign_in(MyBMWAccount.of(settings), http=http, clock=now, captcha_token="P1_solved")
    return SignedIn(
        entry_id="01KAGDEM0MYBMW000000000000",
        title="d…o@e…",
        settings=settings,
        options={"scan_interval": 1, CONF_READ_ONLY: False},  # minutes; somebody is watching
        gcid=str(credentials["gcid"]),
        credentials=credentials,
    )


async def sign_in_to_cardata(cloud: Simulator, account: Account) -> SignedIn:
    """Sign in to an account of CarData, and be its owner who enters the code."""

    async def wait_for_owner(_seconds: float) -> None:
        if not cloud.cardata.sign_in.approve(attempt.code.user_code):
            message = "the simulated cloud does not know the code that it has just made"
            raise DemoError(message)

    client_id = customer_of(cloud, account).client_id
    async with httpx.AsyncClient() as http:
        attempt = await DeviceSignIn.begin(client_id, http=http, clock=now, sleep=wait_for_owner)
        grant = await attempt.complete()
    return SignedIn(
        entry_id="01KAGDEM0CARDATA0000000000",
        title=f"{CARDATA_TITLE}{grant.gcid[:4]}…",
        settings={CONF_SOURCE: "cardata", CONF_CLIENT_ID: client_id},
        options={CONF_READ_ONLY: False},
        gcid=grant.gcid,
        credentials=first_credentials(grant),
    )


def customer_of(cloud: Simulator, account: Account) -> Customer:
    """An account as CarData sees it."""
    return next(customer for customer in cloud.cardata.customers if customer.account is account)


def open_partner(cloud: Simulator) -> Account | None:
    """Open an account with a living car for CarData; None if all of them are on the first account."""
    names = [name for name in (_CARDATA_CAR, *LIVING_CARS) if name not in _taken(cloud)]
    return _open(cloud, _PARTNER, names[:1]) if names else None


def open_neighbor(cloud: Simulator) -> Account | None:
    """Open an account with cars that nobody has yet, among them a living one if there is one; None if none are left."""
    taken = _taken(cloud)
    names = [name for name in (*_NEIGHBORS_CARS, *LIVING_CARS, *RECORDED_CARS) if name not in taken]
    living = [name for name in names if name in LIVING_CARS]
    return _open(cloud, _NEIGHBOR, [*names[: len(_NEIGHBORS_CARS)], *living[:1]]) if names else None


def _taken(cloud: Simulator) -> set[str]:
    return {car.name for account in cloud.accounts for car in account.garage}


def _open(cloud: Simulator, username: str, cars: list[str]) -> Account:
    garage = Garage(dict.fromkeys(cars), age=Age.FRESH, clock=now, world=cloud.world)
    account = Account(username=username, password=DEMO_PASSWORD, region="row", garage=garage)
    cloud.accounts.add(account)
    return account
