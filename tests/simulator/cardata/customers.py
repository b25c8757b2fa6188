"""Who may ask CarData what: customers with their client, the keys they were given, and the calls they have left."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
import secrets
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

import jwt

from custom_components.mybmw.sources import Clock
from tests.issued import Kind, issue

from ..accounts import Account, Accounts
from ..dialect import RefusalError
from .containers import Container

API: Final = "cardata:api:read"
STREAM: Final = "cardata:streaming:read"
SCOPES: Final = ("authenticate_user", "openid", API, STREAM)
CALLS_A_DAY: Final = 50

_REFRESH_LIFETIME: Final = timedelta(days=14)
_DAY: Final = timedelta(days=1)
_SIGNING_KEY: Final = secrets.token_bytes(32)


class Window(StrEnum):
    """How the cloud counts the calls of a day. BMW does not say."""

    ROLLING = "rolling"
    """Those of the last 24 hours."""
    MIDNIGHT = "midnight"
    """Those since midnight UTC."""


@dataclass(slots=True, kw_only=True, eq=False)
class Customer:
    """An account as CarData sees it, with the one client that its owner has made in the portal.

    `subscribed` are the scopes that the client is switched on for, `secondary` the VINs of cars that somebody else is
    the primary user of. `calls` are those that were counted. A container may hold `most_descriptors`, if that is set.
    """

    account: Account
    client_id: str
    subscribed: set[str] = field(default_factory=lambda: set(SCOPES))
    secondary: set[str] = field(default_factory=set)
    calls: list[datetime] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    most_descriptors: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The keys that one sign-in or renewal brought, and when each of them ends."""

    customer: Customer
    scopes: frozenset[str]
    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    ends_at: datetime
    refresh_ends_at: datetime


class Customers:
    """All customers, and which of the keys given to them are still good."""

    def __init__(self, accounts: Accounts, *, clock: Clock) -> None:
        """Every account outside of China can have a client; each has one."""
        self.clock = clock
        self._accounts = accounts
        self._customers: dict[str, Customer] = {}
        self._by_access: dict[str, Grant] = {}
        self._by_refresh: dict[str, Grant] = {}
        self._by_id: dict[str, Grant] = {}

    def __iter__(self) -> Iterator[Customer]:
        for account in self._accounts:
            if account.region == "row":
                if account.gcid not in self._customers:
                    client_id = str(uuid5(NAMESPACE_DNS, f"client.{account.gcid}"))
                    issue(Kind.PERSON, client_id)
                    self._customers[account.gcid] = Customer(account=account, client_id=client_id)
                yield self._customers[account.gcid]

    def with_client(self, client_id: str) -> Customer | None:
        """The customer who made this client."""
        return next((customer for customer in self if customer.client_id == client_id), None)

    def admit(self, customer: Customer, scopes: frozenset[str]) -> Grant:
        """Let a client in."""
        now = self.clock()
        end = now + self._accounts.access_lifetime
        claims = {
            "jti": secrets.token_hex(8),
            "sub": customer.account.gcid,
            "aud": customer.client_id,
            "iat": now,
            "exp": end,
        }
        if STREAM in scopes:
            claims["dynamic_scopes"] = f"read:streaming/*/{customer.account.gcid}.*"
        grant = Grant(
            customer=customer,
            scopes=scopes,
            access_token=secrets.token_urlsafe(24),
            id_token=jwt.encode(claims, _SIGNING_KEY, algorithm="HS256"),
            refresh_token=secrets.token_urlsafe(24),
            ends_at=end,
            refresh_ends_at=now + _REFRESH_LIFETIME,
        )
        issue(Kind.KEY, grant.access_token, grant.id_token, grant.refresh_token)
        self._by_access[grant.access_token] = grant
        self._by_refresh[grant.refresh_token] = grant
        self._by_id[grant.id_token] = grant
        return grant

    def readmit(self, customer: Customer, refresh_token: str) -> Grant | None:
        """Change a refresh token for new keys; it is worthless from then on. None if it was so already."""
        grant = self._by_refresh.get(refresh_token)
        if grant is None or grant.customer is not customer:
            return None
        del self._by_refresh[refresh_token]
        return self.admit(customer, grant.scopes) if self.clock() < grant.refresh_ends_at else None

    def who_asks(self, access_token: str) -> Grant | None:
        """What an access token opens, or opened until it ended; None if it is none."""
        return self._by_access.get(access_token)

    def who_has(self, gcid: str, id_token: str) -> Grant | None:
        """What user name and password of the stream stand for; None if they do not fit, have ended, or never did."""
        grant = self._by_id.get(id_token)
        is_good = grant and grant.customer.account.gcid == gcid and self.clock() < grant.ends_at
        return grant if is_good else None

    def who_streams(self, gcid: str, id_token: str) -> Grant | None:
        """The same, None also if they do not open the stream."""
        grant = self.who_has(gcid, id_token)
        return grant if grant and STREAM in grant.scopes else None

    def forget_access_tokens(self) -> None:
        """Make all access tokens worthless before their time."""
        self._by_access.clear()

    def forget_id_tokens(self) -> None:
        """Make all keys to the stream worthless before their time; who is in stays."""
        self._by_id.clear()

    def forget_refresh_tokens(self) -> None:
        """Make all refresh tokens worthless: everybody has to sign in again."""
        self._by_refresh.clear()

    def count(self, customer: Customer, window: Window) -> None:
        """Count a call, or refuse it if the customer has had all of the day."""
        now = self.clock()
        since = now - _DAY if window is Window.ROLLING else datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
        is_over = sum(since < call <= now for call in customer.calls) >= CALLS_A_DAY
        customer.calls.append(now)
        if is_over:
            raise refused(403, "CU-429", "API rate limit reached")


def refused(status: int, code: str, message: str, note: str = "") -> RefusalError:
    """An error as CarData writes it."""
    return RefusalError(
        status, {"exveErrorId": code, "exveErrorRef": "", "exveErrorMsg": message, "exveNote": note or message}
    )
