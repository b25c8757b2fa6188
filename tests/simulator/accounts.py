"""Who may come in: accounts, and the tokens they were given."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import secrets
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

import jwt

from custom_components.mybmw.sources import Clock
from tests.issued import Kind, issue

from .garage import Garage

_REFRESH_LIFETIME: Final = timedelta(days=90)
_SIGNING_KEY: Final = secrets.token_bytes(32)


@dataclass(slots=True, kw_only=True, eq=False)
class Account:
    """A customer in one region ("row", "na", "cn") and the cars of the account.

    `username` is an e-mail address, in China a phone number beginning with 86.
    """

    username: str
    password: str = field(repr=False)
    region: str
    garage: Garage

    def __post_init__(self) -> None:
        """Say what nobody else may know."""
        issue(Kind.PERSON, self.username, self.gcid)
        issue(Kind.KEY, self.password)

    @property
    def gcid(self) -> str:
        """BMW's number for this customer: the same whenever the simulator is started."""
        return str(uuid5(NAMESPACE_DNS, f"{self.username}.{self.region}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in or a refresh brings. Both are JSON Web Tokens that tell their own end (claim `exp`)."""

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class Accounts:
    """All accounts, and which of the tokens given to them are still good."""

    def __init__(self, accounts: Iterable[Account], *, clock: Clock, access_lifetime: timedelta) -> None:
        """Nobody has signed in yet."""
        self.access_lifetime = access_lifetime
        self._accounts = list(accounts)
        self._clock = clock
        self._may_ask: dict[str, tuple[Account, datetime]] = {}
        self._may_refresh: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts)

    def add(self, account: Account) -> None:
        """Open an account."""
        self._accounts.append(account)

    def with_password(self, username: str, password: str, region: str) -> Account | None:
        """The account that opens with this password."""
        return next(
            (
                account
                for account in self
                if (account.username, account.password, account.region) == (username, password, region)
            ),
            None,
        )

    def with_gcid(self, gcid: str) -> Account | None:
        """The account with this number."""
        return next((account for account in self if account.gcid == gcid), None)

    def admit(self, account: Account) -> Tokens:
        """Let somebody in."""
        now = self._clock()
        tokens = Tokens(
            account=account,
            access_token=_token(now, self.access_lifetime),
            refresh_token=_token(now, _REFRESH_LIFETIME),
        )
        issue(Kind.KEY, tokens.access_token, tokens.refresh_token)
        self._may_ask[tokens.access_token] = account, now + self.access_lifetime
        self._may_refresh[tokens.refresh_token] = account
        return tokens

    def who_refreshes(self, refresh_token: str) -> Account | None:
        """The account a refresh token belongs to, None if it is worthless. It stays as good as it was."""
        return self._may_refresh.get(refresh_token)

    def readmit(self, refresh_token: str) -> Tokens | None:
        """Change a refresh token for new tokens; it is worthless from then on. None if it was so already."""
        account = self._may_refresh.pop(refresh_token, None)
        return None if account is None else self.admit(account)

    def who_asks(self, access_token: str) -> Account | None:
        """The account an access token belongs to, None if it is wrong or too old."""
        account, end = self._may_ask.get(access_token, (None, self._clock()))
        return account if self._clock() < end else None

    def forget_access_tokens(self) -> None:
        """Make all access tokens worthless before their time."""
        self._may_ask.clear()

    def forget_refresh_tokens(self) -> None:
        """Make all refresh tokens worthless: everybody has to sign in again, with a password."""
        self._may_refresh.clear()


def _token(now: datetime, lifetime: timedelta) -> str:
    claims = {"jti": secrets.token_hex(8), "iat": now, "nbf": now, "exp": now + lifetime}
    return jwt.encode(claims, _SIGNING_KEY, algorithm="HS256")
