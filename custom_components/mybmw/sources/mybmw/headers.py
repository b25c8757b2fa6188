"""How our requests introduce themselves: as the My BMW app does."""

from typing import Final
from uuid import uuid4

from .brands import ListBrand
from .credentials import AppIdentity
from .regions import Region

_UNITS: Final = "d=KM;v=L;p=B;ec=KWH100KM;fc=L100KM;em=GKM;"
"""Kilometers, liters and kilopascals, wherever the account is."""


def app_version(identity: AppIdentity, region: Region, brand: ListBrand = ListBrand.BMW) -> str:
    """What the app calls itself (header `x-user-agent`); `brand` decides which of an account's cars are shown."""
    return f"android({identity.build});{brand.value};{region.app_version};{region.code}"


def sign_in_headers(identity: AppIdentity, region: Region) -> dict[str, str]:
    """The headers of every request of a sign-in."""
    return {
        "accept": "*/*",
        "user-agent": region.user_agent,
        "x-user-agent": app_version(identity, region),
    }


def session_headers(identity: AppIdentity) -> dict[str, str]:
    """The headers by which BMW tells one session and one request from another."""
    correlation_id = str(uuid4())
    return {
        "bmw-session-id": identity.session_id,
        "x-identity-provider": "gcdm",
        "x-correlation-id": correlation_id,
        "bmw-correlation-id": correlation_id,
    }


def data_headers(identity: AppIdentity, region: Region, brand: ListBrand, access_token: str) -> dict[str, str]:
    """The headers of every request for data, fresh for each one."""
    return (
        sign_in_headers(identity, region)
        | session_headers(identity)
        | {
            "accept": "application/json",
            "accept-language": "en",
            "x-raw-locale": "en-US",
            "x-user-agent": app_version(identity, region, brand),
            "bmw-units-preferences": _UNITS,
            "24-hour-format": "true",
            "authorization": f"Bearer {access_token}",
        }
    )
