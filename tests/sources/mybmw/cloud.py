"""BMW's cloud without a wire: says what a test wants it to say, and remembers what it was asked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final, Protocol, override
from urllib.parse import parse_qsl

import httpx
import orjson
import pytest

from custom_components.mybmw.sources import Credentials, Json, SourceError
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from tests.clock import SetClock
from tests.issued import Kind, issue, well_known
from tests.recorded import RECORDED_CARS

type Reply = httpx.Response | Exception
type Replies = Reply | Callable[[httpx.Request], Reply]

CONFIG: Final = "/eadrax-ucs/v1/presentation/oauth/config"
AUTHENTICATE: Final = "/gcdm/oauth/authenticate"
TOKEN: Final = "/gcdm/oauth/token"
PUBLIC_KEY: Final = "/eadrax-coas/v1/cop/publickey"
PUZZLE: Final = "/eadrax-coas/v2/cop/slider-captcha"
PUZZLE_CHECK: Final = "/eadrax-coas/v1/cop/check-captcha"
CHINA_LOGIN: Final = "/eadrax-coas/v2/login/pwd"
CHINA_TOKEN: Final = "/eadrax-coas/v2/oauth/token"
LIST: Final = "/eadrax-vcs/v5/vehicle-list"
PROFILE: Final = "/eadrax-vcs/v5/vehicle-data/profile"
STATE: Final = "/eadrax-vcs/v4/vehicles/state"
CHARGING: Final = "/eadrax-crccs/v2/vehicles"

ACCOUNT: Final = Account(username="owner@example.com", password="s&cret ü", region=Region.REST_OF_WORLD)
CHINESE_ACCOUNT: Final = Account(username="8613912345678", password="s&cret ü", region=Region.CHINA)

well_known(Kind.PERSON, ACCOUNT.username, CHINESE_ACCOUNT.username)
well_known(Kind.KEY, ACCOUNT.password)

BLOCKED: Final = httpx.Response(489, text="Blocked")
QUOTA: Final = httpx.Response(
    403, json={"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 02:26:24."}
)
FORBIDDEN: Final = httpx.Response(403, json={"title": None, "presentationType": "DIALOG", "isRetriable": False})
ALL_SCOPES: Final = (
    "openid profile email offline_access smacc vehicle_data perseus dlm svds cesim vsapi remote_services fupo "
    "authenticate_user"
)
LOGIN_FAILED: Final = "auth_error_wrong_password.json"
DEAD_TOKEN: Final = {"error": "invalid_request", "error_description": "The request is missing a required parameter"}
HTML: Final = "<html><body>The service is unavailable</body></html>"


class Clock(SetClock):
    """A clock that stands at the moment at which tests of this room begin."""

    def __init__(self) -> None:
        super().__init__(datetime(2021, 11, 28, 21, 28, 59, 123456, tzinfo=UTC))


class Sleeper:
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Wait, as far as anybody can tell."""
        self.naps.append(seconds)


class Keeper:
    """Keeps credentials, and notes when it did."""

    def __init__(self, cloud: Cloud) -> None:
        self.kept: list[Credentials] = []
        self.asked_before: list[int] = []
        self._cloud = cloud

    async def __call__(self, credentials: Credentials) -> None:
        """Keep them."""
        await asyncio.sleep(0)  # as a disk would, let others run
        self.kept.append(credentials)
        self.asked_before.append(len(self._cloud.requests))


class Cloud:
    """All of BMW's hosts in one.

    Set `replies[path]` to a reply, or to something that makes one from a request. `requests` are those that came, in
    order, `most_at_once` how many at most were under way at a time. If it `wants_newest_token`, it answers no question
    about cars that comes with another one. The access tokens it gives out live for `lifetime_s`. Answers to a path with
    a gate wait in front of it.
    """

    def __init__(self, *cars: str) -> None:
        self.requests: list[httpx.Request] = []
        self.cars = [RECORDED_CARS[folder] for folder in cars or RECORDED_CARS]
        self.access_tokens = ["token-0"]
        self.replies: dict[str, Replies] = {
            CONFIG: recorded("oauth_config.json"),
            AUTHENTICATE: self.authenticate,
            TOKEN: lambda _request: self.granted(),
            PUBLIC_KEY: recorded("auth_cn_publickey.json"),
            PUZZLE: recorded("auth_slider_captcha.json"),
            PUZZLE_CHECK: recorded("auth_slider_captcha_check.json"),
            CHINA_LOGIN: recorded("auth_cn_login_pwd.json"),
            CHINA_TOKEN: lambda _request: self.granted(),
            LIST: self.vehicle_list,
            PROFILE: lambda request: self.about_car(request, "profile"),
            STATE: lambda request: self.about_car(request, "state"),
            CHARGING: lambda request: self.about_car(request, "charging"),
        }
        self.wants_newest_token = False
        self.lifetime_s = 3600
        self.gates: dict[str, asyncio.Event] = {}
        self.most_at_once = 0
        self._at_once = 0
        self.transport = httpx.MockTransport(self._answer)
        self.http = httpx.AsyncClient(transport=self.transport)

    @property
    def asked(self) -> Counter[str]:
        """How often each path was asked."""
        return Counter(request.url.path for request in self.requests)

    def about(self, path: str) -> list[httpx.Request]:
        """The requests for a path."""
        return [request for request in self.requests if request.url.path == path]

    @contextmanager
    def next_requests(self) -> Iterator[Counter[str]]:
        """Count by path what is asked inside."""
        before, count = len(self.requests), Counter[str]()
        yield count
        count.update(request.url.path for request in self.requests[before:])

    def granted(self) -> httpx.Response:
        """Give out new tokens: "token-1", "token-2" and so on are accepted, each instead of the one before."""
        number = len(self.access_tokens)
        self.access_tokens.append(f"token-{number}")
        issue(Kind.KEY, f"token-{number}", f"refresh-{number}")
        return httpx.Response(
            200,
            json={
                "access_token": f"token-{number}",
                "refresh_token": f"refresh-{number}",
                "expires_in": self.lifetime_s,
                "gcid": "G",
            },
        )

    def authenticate(self, request: httpx.Request) -> httpx.Response:
        """Play both halves of BMW's authentication."""
        form = form_of(request)
        if "password" in form:
            return recorded("authorization_response.json")
        location = f"com.bmw.connected://oauth?code=CODE&state={form['state']}&client_id=clientId&nonce=n"
        return httpx.Response(302, headers={"location": location})

    def vehicle_list(self, request: httpx.Request) -> httpx.Response:
        """The cars of the brand that is asked for."""
        vins = [car.vin for car in self.cars if car.brand == brand_of(request)]
        return httpx.Response(200, json={"gcid": "G", "mappingInfos": [{"vin": vin} for vin in vins]})

    def about_car(self, request: httpx.Request, what: str) -> httpx.Response:
        """What was recorded of the car that is asked for."""
        for car in self.cars:
            if car.vin == request.headers["bmw-vin"]:
                return httpx.Response(
                    200, json={"profile": car.profile, "state": car.state, "charging": car.charging}[what]
                )
        return httpx.Response(404)

    def fail(self, path: str, vin: str, reply: Reply) -> None:
        """Reply something else about one car."""
        usual = self.replies[path]
        self.replies[path] = lambda request: reply if request.headers["bmw-vin"] == vin else _reply(usual, request)

    def fail_list(self, brand: str, reply: Reply) -> None:
        """Reply something else for one of the lists."""
        self.replies[LIST] = lambda request: reply if brand_of(request) == brand else self.vehicle_list(request)

    def keep_only(self, *folders: str) -> None:
        """Sell all cars but these, and buy what is missing of them."""
        self.cars = [RECORDED_CARS[folder] for folder in folders]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        for _ in range(5):  # long enough for everybody else to come, too
            await asyncio.sleep(0)
        if gate := self.gates.get(request.url.path):
            await gate.wait()
        self._at_once -= 1
        right = request.headers.get("authorization", "")
        is_wrong = (
            self.wants_newest_token and right.startswith("Bearer") and right != f"Bearer {self.access_tokens[-1]}"
        )
        reply = httpx.Response(401) if is_wrong else _reply(self.replies[request.url.path], request)
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, stream=Stream(reply.content))


class Stream(httpx.AsyncByteStream):
    """The body of an answer, as it comes over a wire."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            await asyncio.sleep(0)
            yield piece


def _reply(replies: Replies, request: httpx.Request) -> Reply:
    return replies(request) if callable(replies) else replies


def recorded(name: str, status: int = 200) -> httpx.Response:
    """A recorded answer about signing in."""
    recording = files("bimmer_connected").joinpath("tests", "responses", "auth", name)
    return httpx.Response(status, content=recording.read_bytes())


def form_of(request: httpx.Request) -> dict[str, str]:
    """The form in a request."""
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(request.content.decode(), strict_parsing=True))


def json_of(request: httpx.Request) -> Json:
    """The JSON in a request."""
    assert request.headers["content-type"] == "application/json"
    document: Json = orjson.loads(request.content)
    return document


def brand_of(request: httpx.Request) -> str:
    """The brand that is asked for."""
    _build, brand, _version, _region = request.headers["x-user-agent"].split(";")
    return str(brand)


class Open(Protocol):
    """Opens an account that has signed in."""

    def __call__(self, *, cloud: Cloud = ..., account: Account = ...) -> MyBmwSource:
        """Open it."""


async def asked(cloud: Cloud, source: MyBmwSource, *, look_for_cars: bool = False) -> Counter[str]:
    """What one look at the account asks, by path."""
    with cloud.next_requests() as count:
        await source.fetch(look_for_cars=look_for_cars)
    return count


async def refused(source: MyBmwSource) -> SourceError:
    """What a look at the account raises."""
    with pytest.raises(SourceError) as raised:
        await source.fetch()
    return raised.value
