"""The code that the owner enters on BMW's page, and what has to be known to ask for the tokens it brings."""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
import re
import secrets
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

from .. import Json

_LIFETIME: Final = timedelta(minutes=5)
_LONGEST_LIFETIME: Final = timedelta(hours=1)
_INTERVAL_S: Final = 5
_LONGEST_INTERVAL_S: Final = 60

_CODE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What the owner has to see, and what is asked with meanwhile.

    `user_code` distinguishes capitals. `page` is where it is entered, `page_with_code` the same with the code filled
    in. After `ends_at` it is worthless; in between, BMW may be asked every `interval_s` seconds.
    """

    user_code: str
    page: str
    page_with_code: str
    ends_at: datetime
    interval_s: float
    device_code: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def answered(cls, answer: Json, verifier: str, now: datetime) -> Self | None:
        """The code in an answer, None if there is none, or none that could be shown to anybody."""
        if not isinstance(answer, dict):
            return None
        user_code, device_code = _code(answer.get("user_code")), _code(answer.get("device_code"))
        page = _page(answer.get("verification_uri"))
        if user_code is None or device_code is None or page is None:
            return None
        # BMW stopped to name the second page in 2026, but still serves it.
        with_code = f"{page}?{urlencode({'user_code': user_code})}"
        lifetime_s = _number(answer.get("expires_in"), _LIFETIME.total_seconds(), _LONGEST_LIFETIME.total_seconds())
        return cls(
            user_code=user_code,
            page=page,
            page_with_code=_page(answer.get("verification_uri_complete")) or with_code,
            ends_at=now + timedelta(seconds=lifetime_s),
            interval_s=max(1, _number(answer.get("interval"), _INTERVAL_S, _LONGEST_INTERVAL_S)),
            device_code=device_code,
            verifier=verifier,
        )


def new_verifier() -> str:
    """A secret that proves at the end of a sign-in who began it (RFC 7636)."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """What is told of the secret at the beginning (method S256)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _code(value: Json) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _page(value: Json) -> str | None:
    """An address that a browser may be sent to."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in {"https", "http"} and parts.hostname else None


def _number(value: Json, default: float, most: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return min(value, most)
    return default
