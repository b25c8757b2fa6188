"""Signing in: BMW gives a code, the owner enters it on BMW's page, and we ask until that has brought tokens.

OAuth 2 device flow (RFC 8628) with PKCE. BMW deviates from it in its status codes, which is why they decide nothing
here, and in its no, which it sometimes says for up to a minute after the owner's yes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Self

import httpx

from .. import Clock, Credentials, SlowDownError, SourceError, TryLaterError
from .anew import TO_TRY_ANEW
from .device_code import DeviceCode, new_verifier
from .failures import Cause, FailedError, SignInFailedError
from .grant import API_SCOPE, SCOPES, STREAM_SCOPE, Grant
from .identity import Identity, OAuthRefusalError, client_unknown, read_client_id
from .memory import Memory, Page
from .quota import Ledger

type Sleep = Callable[[float], Awaitable[None]]
"""Waits for a number of seconds."""

GRACE: Final = timedelta(minutes=2)
"""How long a "declined" may turn out to be none."""

_SLOWER_S: Final = 5
_ALWAYS_SUBSCRIBED: Final = tuple(scope for scope in SCOPES if scope not in {API_SCOPE, STREAM_SCOPE})

_SPOILED: Final = "keymanagement.service.invalid_access_token"
"""In the body of a 500 that a code never recovers from."""


class DeviceSignIn:
    """One attempt to sign in: `code` is what the owner has to enter."""

    def __init__(self, identity: Identity, code: DeviceCode, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        """Go on from a code; `begin` fetches one."""
        self.code = code
        self._identity = identity
        self._clock = clock
        self._sleep = sleep

    @classmethod
    async def begin(
        cls, client_id: str, *, http: httpx.AsyncClient, clock: Clock, sleep: Sleep = asyncio.sleep
    ) -> Self:
        """Have BMW make a code for a client id as it stands in the portal.

        Raises:
            SignInFailedError: BMW does not know the client id, or it is not switched on for the API or the stream;
                `scopes` says for which.
            SourceError: It did not come to that.
            ValueError: That is no client id, or requests are redirected to somewhere else than this machine.
        """
        identity = Identity(read_client_id(client_id), http, clock)
        try:
            code = await identity.device_code(SCOPES, new_verifier())
        except OAuthRefusalError as err:
            if err.error == "invalid_client":
                raise client_unknown() from None
            if err.error == "invalid_request":
                raise await _what_is_missing(identity) from None
            raise
        return cls(identity, code, clock=clock, sleep=sleep)

    async def complete(self) -> Grant:
        """Ask BMW, no faster than it wants, until the owner has entered the code.

        The grant may lack scopes (`missing_scopes`); whether one can live with that is not decided here.

        Raises:
            SignInFailedError: The owner declined, or the code cannot bring anything any more: begin again.
            SourceError: BMW cannot be understood.
        """
        patience = _Patience(self.code)
        while True:
            left_s = (self.code.ends_at - self._clock()).total_seconds()
            await self._sleep(max(0, min(patience.interval_s, left_s)))
            if self._clock() >= self.code.ends_at:
                raise _new_code_needed()
            try:
                return await self._identity.first_grant(self.code)
            except (TryLaterError, SlowDownError) as err:
                patience.bear(err, self._clock())


class _Patience:
    """How often to ask, and whether to go on after what BMW said."""

    def __init__(self, code: DeviceCode) -> None:
        self.interval_s = code.interval_s
        self._declined_at: datetime | None = None

    def bear(self, err: TryLaterError | SlowDownError, now: datetime) -> None:
        """Go on; raises what ends the sign-in."""
        match err:
            case OAuthRefusalError(error="access_denied"):
                self._declined_at = self._declined_at or now
                if now - self._declined_at >= GRACE:
                    raise _declined() from None
            case OAuthRefusalError(error="slow_down"):
                self.interval_s += _SLOWER_S
            case OAuthRefusalError() if not _is_pending(err):
                raise _final(err) from None
            case SlowDownError():
                self.interval_s = max(self.interval_s + _SLOWER_S, (err.until - now).total_seconds())
            case FailedError(cause=Cause.NOT_UNDERSTOOD):
                raise err  # the code has been used up, and what it brought is lost
            case FailedError() if _SPOILED in err.note:
                raise _new_code_needed() from None
            case _:
                pass  # pending, or out of order: the code is none the worse for it


def first_credentials(grant: Grant) -> Credentials:
    """What a sign-in has brought that is to be kept."""
    return {Page.GRANT.value: grant.to_keep()}


def after_sign_in(known: Credentials, brought: Credentials) -> Credentials:
    """What is to be kept after a sign-in: what it has brought, and all else that is known of the account by then.

    The calls of the day are the account's, whatever client id they were made with, so a new sign-in frees none. What
    BMW refused before is tried anew, for the owner may have put that right.
    """
    pages = {**known, **brought}
    for page, to_try_anew in TO_TRY_ANEW.items():
        if isinstance(content := pages.get(page), dict):
            pages[page] = to_try_anew(content)
    return pages


def number_of(credentials: Credentials) -> str | None:
    """BMW's number for the account (GCID), None if that is not known."""
    page = credentials.get(Page.GRANT)
    gcid = page.get("gcid") if isinstance(page, dict) else None
    return gcid if isinstance(gcid, str) else None


def what_outlives(credentials: Credentials) -> Credentials:
    """What of an account is worth keeping when it is not asked here any more; it opens nothing, and tells of no car.

    These are the calls of the day, which are spent for whoever comes back today, the container, and whose they are.
    """
    kept = {page.value: credentials[page] for page in (Page.CALLS, Page.CONTAINER) if page in credentials}
    return {Page.GRANT.value: {"gcid": number}, **kept} if (number := number_of(credentials)) else kept


def what_still_counts(credentials: Credentials, now: datetime) -> Credentials:
    """What of an account to keep for a day after it was removed: when it was asked and why, if that counts until then.

    Whoever adds it again on the same day finds the calls spent that BMW has counted.
    """
    ledger = _ledger_of(credentials, now)
    return {} if ledger.next_frees_at is None else {Page.CALLS.value: ledger.to_keep()}


def what_counts_together(known: Credentials, kept: Credentials, now: datetime) -> Credentials:
    """What is known of an account, and in its count what was kept of it elsewhere."""
    ledger = _ledger_of(known, now)
    ledger.join(_ledger_of(kept, now))
    return {**known, Page.CALLS.value: ledger.to_keep()}


def missing_scopes_of(err: SourceError) -> frozenset[str]:
    """What the client is not switched on for, if that is what was wrong."""
    return err.scopes if isinstance(err, SignInFailedError) else frozenset()


def _ledger_of(credentials: Credentials, now: datetime) -> Ledger:
    """The calls of an account, to be looked at."""

    async def _keep(_credentials: Credentials) -> None:
        """Nothing is booked here."""

    return Ledger(Memory(credentials, _keep), lambda: now)


async def _what_is_missing(identity: Identity) -> SourceError:
    """Find out which scope BMW did not like; it says only that it did not like something."""
    missing = {scope for scope in (API_SCOPE, STREAM_SCOPE) if not await _is_subscribed(identity, scope)}
    if missing == {API_SCOPE, STREAM_SCOPE} and not await _is_subscribed(identity):
        return client_unknown()
    if not missing:
        message = "BMW did not like the sign-in, and now would: the portal's settings take a minute to be everywhere"
        return FailedError(message, Cause.OUT_OF_ORDER)
    message = "In BMW's portal the client is not switched on for the API or the stream"
    return SignInFailedError(message, Cause.SCOPE_NOT_SUBSCRIBED, frozenset(missing))


async def _is_subscribed(identity: Identity, *scopes: str) -> bool:
    """Whether BMW would make a code for these scopes; the one it makes is left to expire."""
    wanted: Collection[str] = (*_ALWAYS_SUBSCRIBED, *scopes)
    try:
        await identity.device_code(wanted, new_verifier())
    except OAuthRefusalError as err:
        if err.error == "invalid_request":
            return False
        raise
    return True


def _is_pending(err: OAuthRefusalError) -> bool:
    return err.error in {"authorization_pending", "slow_down"} or (not err.error and err.status == HTTPStatus.FORBIDDEN)


def _final(err: OAuthRefusalError) -> SourceError:
    match err.error:
        case "expired_token" | "invalid_grant":
            return _new_code_needed()
        case "invalid_client":
            return client_unknown()
        case _:
            return err


def _new_code_needed() -> SignInFailedError:
    message = "The code was not entered in time, or BMW lost track of it: begin again with a new one"
    return SignInFailedError(message, Cause.CODE_EXPIRED)


def _declined() -> SignInFailedError:
    message = "BMW says that the sign-in was declined"
    return SignInFailedError(message, Cause.DECLINED)
