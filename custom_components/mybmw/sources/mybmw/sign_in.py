"""The way into an account, by region."""

from datetime import datetime

import httpx

from .. import Clock, Credentials
from .account import Account
from .auth import OAuthLogin
from .auth_china import ChinaLogin
from .credentials import AppIdentity, to_keep
from .regions import Region
from .tokens import Login
from .wire import Wire


def stranger(now: datetime) -> Credentials:
    """What stands for the `previous` credentials of a new account, so that each attempt comes from the same app."""
    return to_keep(AppIdentity.made_up(now))


def login_of(account: Account, wire: Wire, clock: Clock) -> Login:
    """How the account's region wants it to sign in."""
    kind = ChinaLogin if account.region is Region.CHINA else OAuthLogin
    return kind(account, wire, clock)


async def sign_in(
    account: Account,
    *,
    http: httpx.AsyncClient,
    clock: Clock,
    captcha_token: str | None = None,
    previous: Credentials | None = None,
) -> Credentials:
    """Sign in with user name and password, and return what lets us in from now on.

    `captcha_token` is what the owner copied from the region's captcha page, if it has one; each works once and only for
    a few minutes. With the `previous` credentials of the account we are seen as the same copy of the app as before.

    Raises:
        SignInRequiredError: BMW did not accept user name, password or captcha.
        SourceError: It did not come to that.
        ValueError: Requests are redirected to somewhere else than this machine.
    """
    identity = AppIdentity.remembered(previous or {}, clock())
    login = login_of(account, Wire(http, clock), clock)
    return to_keep(identity, await login.sign_in(identity, captcha_token))
