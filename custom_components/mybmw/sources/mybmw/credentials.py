"""What lets us in again, and the app we are seen as: how both are remembered between starts."""

import base64
import binascii
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import re
import secrets
from typing import Final, Self
from uuid import uuid4

import orjson

from .. import Credentials, Json

SESSION_LIFETIME: Final = timedelta(days=14)
"""How long one app session lasts before a new session id is made, as bimmer_connected keeps it."""

RENEWAL_MARGIN: Final = timedelta(seconds=60)
"""How long before its end an access token is renewed, so that it does not expire on the way."""

_ASSUMED_LIFETIME: Final = timedelta(hours=1)
_SHORTEST_LIFETIME: Final = timedelta(minutes=5)
_LONGEST_LIFETIME: Final = timedelta(days=1)

# Tokens go into headers as they are: anything but visible ASCII would be somebody's mischief.
_TOKEN: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """The copy of the app that an account is seen as using.

    BMW counts its quota per `build`, which looks like the build of the phone's Android: made up once per account and
    kept, so that accounts do not use up each other's quota (github.com/bimmerconnected/bimmer_connected issue 743).
    """

    build: str
    session_id: str
    session_since: datetime

    @classmethod
    def made_up(cls, now: datetime) -> Self:
        """An identity nobody else has."""
        return cls(
            build=f"AP2A.{secrets.randbelow(10**6):06}.{secrets.randbelow(10**3):03}",
            session_id=str(uuid4()),
            session_since=now,
        )

    @classmethod
    def remembered(cls, credentials: Credentials, now: datetime) -> Self:
        """The identity that was kept; what is missing of it is made up."""
        fresh = cls.made_up(now)
        build = token_text(credentials.get("build")) or fresh.build
        session_id, since = token_text(credentials.get("session_id")), _moment(credentials.get("session_since"))
        if session_id is None or since is None:
            return replace(fresh, build=build)
        return cls(build=build, session_id=session_id, session_since=since).at(now)

    def at(self, now: datetime) -> Self:
        """This identity, in a new session if the old one has lasted long enough."""
        if now - self.session_since < SESSION_LIFETIME:
            return self
        return replace(self, session_id=str(uuid4()), session_since=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What BMW gave us for a sign-in: a key for now, a key to get the next one, and the customer's id (gcid).

    Without a key for now, `access_token` is empty and has ended.
    """

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(repr=False)
    gcid: str = field(repr=False)

    @classmethod
    def remembered(cls, credentials: Credentials, now: datetime) -> Self | None:
        """The grant that was kept, None if it opens nothing any more."""
        if (refresh_token := token_text(credentials.get("refresh_token"))) is None:
            return None
        access_token, expires_at = token_text(credentials.get("access_token")), _moment(credentials.get("expires_at"))
        return cls(
            access_token=access_token or "",
            expires_at=expires_at if access_token and expires_at else now,
            refresh_token=refresh_token,
            gcid=token_text(credentials.get("gcid")) or "",
        )

    @classmethod
    def read(cls, answer: Json, now: datetime, previous: Self | None = None) -> Self | None:
        """The grant in a token answer, None if there is none in it; what the answer leaves out, `previous` fills in.

        A refresh token without a usable access token is a grant, too, one that has ended already: the refresh token
        before it is void.
        """
        if not isinstance(answer, dict):
            return None
        access_token, new_refresh_token = (
            token_text(answer.get("access_token")),
            token_text(answer.get("refresh_token")),
        )
        refresh_token = new_refresh_token or (previous.refresh_token if previous else None)
        gcid = token_text(answer.get("gcid")) or (previous.gcid if previous else None)
        if not (access_token or new_refresh_token) or refresh_token is None or gcid is None:
            return None
        return cls(
            access_token=access_token or "",
            expires_at=now + _lifetime(answer.get("expires_in"), access_token, now) if access_token else now,
            refresh_token=refresh_token,
            gcid=gcid,
        )

    def is_fresh(self, now: datetime) -> bool:
        """Whether the access token will still be good when a request arrives."""
        return now + RENEWAL_MARGIN < self.expires_at


def to_keep(identity: AppIdentity, grant: Grant | None = None) -> Credentials:
    """Everything that must survive a restart, as plain JSON; without a grant, who we are seen as."""
    seen_as: Credentials = {
        "build": identity.build,
        "session_id": identity.session_id,
        "session_since": identity.session_since.isoformat(),
    }
    if grant is None:
        return seen_as
    return {
        "gcid": grant.gcid,
        "refresh_token": grant.refresh_token,
        "access_token": grant.access_token,
        "expires_at": grant.expires_at.isoformat(),
        **seen_as,
    }


def token_text(value: Json) -> str | None:
    """A text that can go into a header, None for anything else."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def _lifetime(expires_in: Json, access_token: str, now: datetime) -> timedelta:
    """How long an access token lives, brought into reasonable bounds.

    If it ends earlier than it seems, the first refused request tells.
    """
    if isinstance(expires_in, int | float) and not isinstance(expires_in, bool):
        seconds: float = expires_in
    elif (end := _end_in_token(access_token)) is not None:
        seconds = end - now.timestamp()
    else:
        return _ASSUMED_LIFETIME
    return timedelta(seconds=min(max(seconds, _SHORTEST_LIFETIME.total_seconds()), _LONGEST_LIFETIME.total_seconds()))


def _end_in_token(token: str) -> float | None:
    """When a token says that it expires (claim `exp` of a JWT, seconds since 1970); who signed it does not matter."""
    _header, _dot, rest = token.partition(".")
    claims = rest.partition(".")[0]
    try:
        document: Json = orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except binascii.Error, orjson.JSONDecodeError:
        return None
    end = document.get("exp") if isinstance(document, dict) else None
    return end if isinstance(end, int | float) and not isinstance(end, bool) else None


def _moment(value: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except ValueError, OverflowError:
        return None
