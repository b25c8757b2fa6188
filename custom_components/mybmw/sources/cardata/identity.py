"""The requests to BMW's identity service, and what its refusals mean."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
import re
from typing import Final

import httpx

from .. import Clock, SlowDownError, TryLaterError
from ..exchange import Answer, exchange
from .device_code import DeviceCode, challenge_of
from .failures import Cause, FailedError, SignInFailedError
from .grant import Grant
from .hosts import identity_origin

_DEVICE_CODE_PATH: Final = "/gcdm/oauth/device/code"
_TOKEN_PATH: Final = "/gcdm/oauth/token"  # noqa: S105 (a path, no token)

_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"

_WAIT: Final = timedelta(minutes=15)
"""How long BMW is left alone if it received too many requests and does not say for how long."""

_LONGEST_WAIT: Final = timedelta(days=1)
"""No wait is longer: it would be a misunderstanding."""

_NOTE: Final = 1_000
"""So much of what BMW wrote is kept."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OAuthRefusalError(TryLaterError):
    """BMW's identity service said no in its own words (OAuth 2: `error`); what that means depends on the question."""

    def __init__(self, status: int, error: str) -> None:
        """Keep the word."""
        super().__init__(f"BMW's identity service refused (HTTP status {status})")
        self.status = status
        self.error = error


def read_client_id(text: str) -> str:
    """The client id that an owner copied from the portal: in small letters and without white space, or BMW stumbles.

    Raises:
        ValueError: That is none.
    """
    client_id = "".join(text.split()).lower()
    if not _UUID.fullmatch(client_id):
        message = "a client id looks like 01234567-89ab-cdef-0123-456789abcdef"
        raise ValueError(message)
    return client_id


class Identity:
    """BMW's identity service, for one client id. Nothing is sent twice, and no refusal is interpreted."""

    def __init__(self, client_id: str, http: httpx.AsyncClient, clock: Clock) -> None:
        """Ask nothing yet. The HTTP client stays the caller's.

        Raises:
            ValueError: Requests are redirected to somewhere else than this machine.
        """
        self._client_id = client_id
        self._origin = identity_origin()
        self._http = http
        self._clock = clock

    async def device_code(self, scopes: Collection[str], verifier: str) -> DeviceCode:
        """A new code for the owner to enter.

        Raises:
            SourceError: There is none.
        """
        answer = await self._post(
            _DEVICE_CODE_PATH,
            {
                "response_type": "device_code",
                "scope": " ".join(scopes),
                "code_challenge": challenge_of(verifier),
                "code_challenge_method": "S256",
            },
        )
        if (code := DeviceCode.answered(answer.field(), verifier, self._clock())) is None:
            raise not_understood()
        return code

    async def first_grant(self, code: DeviceCode) -> Grant:
        """What the code brings once the owner has entered it.

        Raises:
            SourceError: Nothing yet, or nothing any more.
        """
        form = {"grant_type": _DEVICE_GRANT, "device_code": code.device_code, "code_verifier": code.verifier}
        return await self._grant(form, None)

    async def next_grant(self, grant: Grant) -> Grant:
        """What the refresh token brings; it is void afterwards.

        Raises:
            SignInFailedError: It brings nothing any more.
            SourceError: It did not work this time; the old grant is still good.
        """
        try:
            return await self._grant({"grant_type": "refresh_token", "refresh_token": grant.refresh_token}, grant)
        except OAuthRefusalError as err:
            if err.error == "invalid_client":
                raise client_unknown() from None
            # Nothing but these two says that the grant has ended; other clients had owners sign in because of a 5xx.
            if err.error in {"invalid_grant", "invalid_token"} and err.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                message = "BMW's sign-in has ended: sign in again"
                raise SignInFailedError(message, Cause.GRANT_ENDED) from None
            raise

    async def _grant(self, form: Mapping[str, str], previous: Grant | None) -> Grant:
        answer = await self._post(_TOKEN_PATH, form)
        if (grant := Grant.answered(answer.field(), self._clock(), previous)) is None:
            raise not_understood()
        return grant

    async def _post(self, path: str, form: Mapping[str, str]) -> Answer:
        answer = await exchange(
            self._http,
            httpx.Request(
                "POST",
                f"{self._origin}{path}",
                headers={"accept": "application/json"},
                data={"client_id": self._client_id, **form},
            ),
        )
        if answer.is_success:
            return answer
        raise _refusal(answer, self._clock())


def _refusal(answer: Answer, now: datetime) -> TryLaterError | SlowDownError:
    error = answer.text("error")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and not error:
        message = "BMW's identity service receives too many requests"
        return SlowDownError(message, now + min(answer.retry_after(now) or _WAIT, _LONGEST_WAIT))
    # A 403 without a word comes while the owner has not entered the code yet; whoever asks knows what to make of it.
    if error or answer.status == HTTPStatus.FORBIDDEN:
        return OAuthRefusalError(answer.status, error)
    message = f"BMW's identity service is out of order (HTTP status {answer.status})"
    return FailedError(message, Cause.OUT_OF_ORDER, note=answer.body[:_NOTE].decode(errors="replace"))


def not_understood() -> FailedError:
    """The failure of an answer in which there is nothing of what was asked for."""
    message = "BMW's answer cannot be understood"
    return FailedError(message, Cause.NOT_UNDERSTOOD)


def client_unknown() -> SignInFailedError:
    """The failure of a client id."""
    message = "BMW does not know this client id (any more): create a new one in the portal and sign in with it"
    return SignInFailedError(message, Cause.CLIENT_UNKNOWN)
