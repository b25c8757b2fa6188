"""What every request to the cloud has in common: who asks, in which region, about which brand and car.

The application names itself in the header x-user-agent: `android(<build>);<brand>;<app version>;<region>`, for example
`android(AP2A.735595.124);bmw;4.9.2(36892);row`. The brand in it decides which cars there are.
"""

from collections.abc import Mapping
from json import JSONDecodeError
import re
from typing import Final
from uuid import UUID

from aiohttp import web

from custom_components.mybmw.sources import Json

type Form = Mapping[str, str]

VIN_HEADER: Final = "bmw-vin"

_X_USER_AGENT: Final = re.compile(
    r"android\((?P<build>[A-Z0-9]{4}\.\d{6}\.\d{3})\);(?P<brand>bmw|mini|toyota);(?P<version>\d+\.\d+\.\d+\(\d+\));"
    r"(?P<region>row|na|cn)"
)
_VIN_IN_PATH: Final = re.compile(r"/vehicles/([A-Z0-9]{17})/")


class RefusalError(Exception):
    """An answer that is an error: its status and its body."""

    def __init__(self, status: int, body: Json) -> None:
        """Say what is wrong with the request."""
        super().__init__(status, body)
        self.status = status
        self.body = body


EMPTY_DIALOG: Final[Json] = {
    "title": None,
    "description": None,
    "presentationType": "DIALOG",
    "iconId": None,
    "isRetriable": False,
    "errorDetails": "",
}
"""The body of a refusal that the app would show without a word."""


def malformed(what: str) -> RefusalError:
    """The answer to a request that the application would never send; names the part of it that is wrong.

    What BMW's cloud makes of such a request is not known. This one is strict, so that a mistake of ours shows.
    """
    return RefusalError(400, {"statusCode": 400, "message": f"Malformed request: {what}"})


def require(what: str, actual: str | None, wanted: str) -> None:
    """Refuse a request unless a part of it is what it must be."""
    if actual != wanted:
        raise malformed(what)


def require_uuid(what: str, actual: str | None) -> None:
    """Refuse a request unless a part of it is a UUID."""
    try:
        UUID(actual or "")
    except ValueError:
        raise malformed(what) from None


def region_of(request: web.Request) -> str:
    """The region whose application asks: "row", "na" or "cn"."""
    introduction = _X_USER_AGENT.fullmatch(request.headers.get("x-user-agent", ""))
    if introduction is None:
        what = "x-user-agent"
        raise malformed(what)
    return introduction["region"]


def brand_of(request: web.Request) -> str | None:
    """The brand a request is about, None if the application does not introduce itself properly."""
    introduction = _X_USER_AGENT.fullmatch(request.headers.get("x-user-agent", ""))
    return introduction["brand"] if introduction else None


def vin_of(request: web.Request) -> str | None:
    """The car a request is about, None if it is about none."""
    in_path = _VIN_IN_PATH.search(request.path)
    return in_path[1] if in_path else request.headers.get(VIN_HEADER)


def check_session(request: web.Request) -> None:
    """See that the application carries the number of its session, and the request a number of its own, twice."""
    headers = request.headers
    require_uuid("bmw-session-id", headers.get("bmw-session-id"))
    require_uuid("x-correlation-id", headers.get("x-correlation-id"))
    require("bmw-correlation-id", headers.get("bmw-correlation-id"), headers["x-correlation-id"])
    require("x-identity-provider", headers.get("x-identity-provider"), "gcdm")


def filled(form: Form, key: str) -> str:
    """What was filled in; refuses the request if it is nothing."""
    if not (value := form.get(key)):
        raise malformed(key)
    return value


async def form_of(request: web.Request) -> Form:
    """The form that was sent."""
    require("content-type", request.content_type, "application/x-www-form-urlencoded")
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


async def json_of(request: web.Request) -> Form:
    """The JSON object of texts that was sent."""
    require("content-type", request.content_type, "application/json")
    try:
        document: Json = await request.json()
    except JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        what = "body"
        raise malformed(what)
    return {key: value for key, value in document.items() if isinstance(value, str)}
