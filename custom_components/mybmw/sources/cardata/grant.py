"""What BMW gives us for a sign-in, and how it is read and remembered."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import re
from typing import Final, Self

import orjson

from .. import Json
from .memory import moment_of

API_SCOPE: Final = "cardata:api:read"
STREAM_SCOPE: Final = "cardata:streaming:read"
SCOPES: Final = ("authenticate_user", "openid", API_SCOPE, STREAM_SCOPE)
"""All that we ask for: who the owner is, and to read cars, on demand and as a stream."""

_ASSUMED_LIFETIME: Final = timedelta(hours=1)
_SHORTEST_LIFETIME: Final = timedelta(minutes=5)
_LONGEST_LIFETIME: Final = timedelta(days=1)

# Tokens go into headers as they are: anything but visible ASCII would be somebody's mischief.
_TOKEN: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Three keys, and whose they are.

    `access_token` opens the API, `id_token` the stream; both end an hour after they were given out, and each on its
    own. `refresh_token` brings new ones, works once and lives for 14 days. `gcid` is the account, `scopes` what the
    keys are good for, empty if BMW did not say. A key that BMW did not give is empty, and has ended.
    """

    access_token: str = field(repr=False)
    access_ends_at: datetime
    id_token: str = field(repr=False)
    id_ends_at: datetime
    refresh_token: str = field(repr=False)
    gcid: str = field(repr=False)
    scopes: frozenset[str]

    @classmethod
    def answered(cls, answer: Json, now: datetime, previous: Self | None = None) -> Self | None:
        """The grant in a token answer, None if there is no whole one in it.

        A renewal may leave out the account, the scopes and, if it still holds, the refresh token; those of the
        `previous` grant are kept then. If it brings a new refresh token, it may leave out the id token as well (OpenID
        Connect Core 1.0, 12.2): the old refresh token is void by then, and without the new one the sign-in is lost.
        """
        if not isinstance(answer, dict):
            return None
        access_token, id_token = _token(answer.get("access_token")), _token(answer.get("id_token"))
        refresh_token = _token(answer.get("refresh_token"))
        if previous and refresh_token:
            id_token = id_token or ""
        elif previous:
            refresh_token = previous.refresh_token
        gcid = _token(answer.get("gcid")) or (previous.gcid if previous else None)
        if access_token is None or id_token is None or refresh_token is None or gcid is None:
            return None
        scope = answer.get("scope")
        lifetime = _lifetime(answer.get("expires_in"))
        return cls(
            access_token=access_token,
            access_ends_at=now + lifetime,
            id_token=id_token,
            id_ends_at=(_end_in_token(id_token, now) or now + lifetime) if id_token else now,
            refresh_token=refresh_token,
            gcid=gcid,
            scopes=frozenset(scope.split())
            if isinstance(scope, str)
            else (previous.scopes if previous else frozenset()),
        )

    @classmethod
    def remembered(cls, page: Mapping[str, Json], now: datetime) -> Self | None:
        """The grant that was kept, None if it opens nothing any more."""
        refresh_token, gcid = _token(page.get("refresh_token")), _token(page.get("gcid"))
        if refresh_token is None or gcid is None:
            return None
        access_token, id_token, scopes = (
            _token(page.get("access_token")),
            _token(page.get("id_token")),
            page.get("scopes"),
        )
        return cls(
            access_token=access_token or "",
            access_ends_at=(moment_of(page.get("access_ends_at")) if access_token else None) or now,
            id_token=id_token or "",
            id_ends_at=(moment_of(page.get("id_ends_at")) if id_token else None) or now,
            refresh_token=refresh_token,
            gcid=gcid,
            scopes=frozenset(scope for scope in scopes if isinstance(scope, str))
            if isinstance(scopes, list)
            else frozenset(),
        )

    def to_keep(self) -> dict[str, Json]:
        """The grant as plain JSON."""
        return {
            "access_token": self.access_token,
            "access_ends_at": self.access_ends_at.isoformat(),
            "id_token": self.id_token,
            "id_ends_at": self.id_ends_at.isoformat(),
            "refresh_token": self.refresh_token,
            "gcid": self.gcid,
            "scopes": [*sorted(self.scopes)],
        }

    @property
    def missing_scopes(self) -> frozenset[str]:
        """What the keys do not open although we asked for it; nothing if BMW did not say what they do."""
        return frozenset({API_SCOPE, STREAM_SCOPE} - self.scopes) if self.scopes else frozenset()


def _token(value: Json) -> str | None:
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def _lifetime(expires_in: Json) -> timedelta:
    """How long a token lives, brought into reasonable bounds; if it ends earlier, the first refused request tells."""
    if not isinstance(expires_in, int | float) or isinstance(expires_in, bool):
        return _ASSUMED_LIFETIME
    shortest, longest = _SHORTEST_LIFETIME.total_seconds(), _LONGEST_LIFETIME.total_seconds()
    return timedelta(seconds=min(max(expires_in, shortest), longest))


def _end_in_token(token: str, now: datetime) -> datetime | None:
    """When a token says that it ends (claim `exp` of a JWT, seconds since 1970), if that is within reason.

    Who signed it does not matter: it is BMW that it has to convince.
    """
    claims = token.partition(".")[2].partition(".")[0]
    try:
        document: Json = orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except binascii.Error, orjson.JSONDecodeError:
        return None
    end = document.get("exp") if isinstance(document, dict) else None
    if not isinstance(end, int | float) or isinstance(end, bool):
        return None
    left_s = end - now.timestamp()
    return now + timedelta(seconds=left_s) if 0 < left_s <= _LONGEST_LIFETIME.total_seconds() else None
