"""Signing in everywhere but in China: OAuth 2 with PKCE, spoken with BMW's servers directly instead of in a browser."""

import base64
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
import secrets
import string
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx

from .. import Clock, SignInRequiredError, TryLaterError
from ..exchange import Answer
from .account import Account
from .credentials import AppIdentity, Grant, token_text
from .headers import app_version, session_headers, sign_in_headers
from .regions import may_hear_secrets
from .wire import Wire

_CONFIG_PATH: Final = "/eadrax-ucs/v1/presentation/oauth/config"

_PKCE_CHARACTERS: Final = string.ascii_letters + string.digits + "-._~"
_VERIFIER_LENGTH: Final = 86
_STATE_LENGTH: Final = 22

_NOT_UNDERSTOOD: Final = "BMW's answer to the sign-in cannot be understood"

_OAUTH_REFUSALS: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED)


class OAuthLogin:
    """Signs an account in and renews what was granted, in North America and the rest of the world."""

    def __init__(self, account: Account, wire: Wire, clock: Clock) -> None:
        """Ask nothing yet."""
        self._account = account
        self._wire = wire
        self._clock = clock
        self._origin = account.region.api_origin()

    async def sign_in(self, identity: AppIdentity, captcha_token: str | None) -> Grant:
        """Sign in with user name and password; the captcha token is used up by it."""
        captcha = _captcha_header(captcha_token)
        config = await self._config(identity)
        exchange = _Exchange.begun()
        cookies = httpx.Cookies()
        form = {
            "client_id": config.client_id,
            "response_type": "code",
            "scope": config.scope,
            "redirect_uri": config.return_url,
            "state": exchange.state,
            "nonce": exchange.nonce,
            "code_challenge": exchange.challenge,
            "code_challenge_method": "S256",
        }
        authorization = await self._authorization(identity, config, form, captcha, cookies)
        code = await self._code(identity, config, form | {"authorization": authorization}, cookies)
        return await self._token(
            identity,
            config,
            {
                "code": code,
                "code_verifier": exchange.verifier,
                "redirect_uri": config.return_url,
                "grant_type": "authorization_code",
            },
        )

    async def renew(self, identity: AppIdentity, grant: Grant | None) -> Grant:
        """Exchange a grant for a new one; the old one is void afterwards."""
        if grant is None:
            message = "There is nothing to renew: the account is not signed in"
            raise SignInRequiredError(message)
        config = await self._config(identity)
        form = {
            "scope": config.scope,
            "redirect_uri": config.return_url,
            "grant_type": "refresh_token",
            "refresh_token": grant.refresh_token,
        }
        return await self._token(identity, config, form, grant)

    async def _config(self, identity: AppIdentity) -> _Config:
        region = self._account.region
        own = sign_in_headers(identity, region) | session_headers(identity)
        headers = own | {"ocp-apim-subscription-key": region.subscription_key}
        answer = await self._wire.ask(httpx.Request("GET", f"{self._origin}{_CONFIG_PATH}", headers=headers))
        return _Config.read(answer)

    async def _authorization(
        self, identity: AppIdentity, config: _Config, form: dict[str, str], captcha: str, cookies: httpx.Cookies
    ) -> str:
        """Prove who we are; what comes back opens the second half of the sign-in."""
        answer = await self._wire.ask(
            httpx.Request(
                "POST",
                config.authenticate_url,
                headers=sign_in_headers(identity, self._account.region) | {"hcaptchatoken": captcha},
                data=form
                | {
                    "grant_type": "authorization_code",
                    "username": self._account.username,
                    "password": self._account.password,
                },
            ),
            cookies,
            is_key=True,
        )
        if _is_refused(answer):
            message = (
                "BMW refused the sign-in: the user name or password is wrong, or the captcha was used before, is too "
                "old or from another region; BMW does not tell which"
            )
            raise SignInRequiredError(message)
        answer.document()
        if not (
            authorization := _query_value(answer.text("redirect_to").removeprefix("redirect_uri="), "authorization")
        ):
            raise TryLaterError(_NOT_UNDERSTOOD)
        return authorization

    async def _code(self, identity: AppIdentity, config: _Config, form: dict[str, str], cookies: httpx.Cookies) -> str:
        """Fetch the code that a token is given for; it stands in the address that a browser would be sent on to."""
        answer = await self._wire.ask(
            httpx.Request(
                "POST",
                config.authenticate_url,
                params={
                    "interaction-id": str(uuid4()),
                    "client-version": app_version(identity, self._account.region),
                },
                headers=sign_in_headers(identity, self._account.region),
                data=form,
                cookies=cookies,
            ),
            is_key=True,
        )
        location = answer.headers.get("location", "")
        code, state = _query_value(location, "code"), _query_value(location, "state")
        if answer.status == HTTPStatus.FOUND and code and state == form["state"]:
            return code
        if answer.is_success or answer.status == HTTPStatus.FOUND or _is_refused(answer):
            message = "BMW did not complete the sign-in: begin again, with a new captcha"
            raise SignInRequiredError(message)
        raise answer.failure()

    async def _token(
        self, identity: AppIdentity, config: _Config, form: dict[str, str], previous: Grant | None = None
    ) -> Grant:
        headers = sign_in_headers(identity, self._account.region) | {"authorization": config.basic_authorization}
        answer = await self._wire.ask(httpx.Request("POST", config.token_url, headers=headers, data=form), is_key=True)
        if _is_refused(answer):
            message = "BMW's sign-in has ended: sign in again"
            raise SignInRequiredError(message)
        if (grant := Grant.read(answer.document(), self._clock(), previous)) is None:
            raise TryLaterError(_NOT_UNDERSTOOD)
        return grant


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """How BMW wants the app to sign in."""

    client_id: str
    client_secret: str = field(repr=False)
    return_url: str
    token_url: str
    scope: str

    @classmethod
    def read(cls, answer: Answer) -> Self:
        """The configuration in an answer.

        Raises:
            TryLaterError: There is none in it, or it would have us send secrets somewhere else than to BMW.
        """
        answer.document()
        scopes = answer.field("scopes")
        config = cls(
            client_id=answer.text("clientId"),
            client_secret=answer.text("clientSecret"),
            return_url=answer.text("returnUrl"),
            token_url=answer.text("tokenEndpoint"),
            scope=" ".join(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else "",
        )
        parts = (config.client_id, config.client_secret, config.return_url, config.scope)
        # Half a configuration makes half a request, and BMW's refusal of it would look like the end of the sign-in.
        if not all(parts) or not config.token_url.endswith("/token"):
            message = "BMW's answer to how one signs in cannot be understood"
            raise TryLaterError(message)
        if not may_hear_secrets(config.token_url):
            message = "The place to sign in at is not one of BMW's; nothing was sent there"
            raise TryLaterError(message)
        return config

    @property
    def authenticate_url(self) -> str:
        """Where user name and password go."""
        return f"{self.token_url.removesuffix('/token')}/authenticate"

    @property
    def basic_authorization(self) -> str:
        """The header value by which the app, not its user, proves itself."""
        return f"Basic {base64.b64encode(f'{self.client_id}:{self.client_secret}'.encode()).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exchange:
    """The values that tie the requests of one sign-in together (RFC 7636)."""

    verifier: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)

    @classmethod
    def begun(cls) -> Self:
        """Values nobody can guess."""
        return cls(
            verifier=_random_text(_VERIFIER_LENGTH),
            state=_random_text(_STATE_LENGTH),
            nonce=_random_text(_STATE_LENGTH),
        )

    @property
    def challenge(self) -> str:
        """What is told at the beginning to recognize who knows the verifier at the end."""
        return base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")


def _random_text(length: int) -> str:
    return "".join(secrets.choice(_PKCE_CHARACTERS) for _ in range(length))


def _captcha_header(token: str | None) -> str:
    """The captcha token without the white space that copying it may have brought along."""
    text = token_text("".join((token or "").split()))
    if text is None:
        message = "BMW wants a captcha to be solved for a sign-in: a fresh captcha token is needed"
        raise SignInRequiredError(message)
    return text


def _is_refused(answer: Answer) -> bool:
    """Whether BMW's sign-in itself says no, and not some gateway in front of it."""
    return answer.status in _OAUTH_REFUSALS and bool(answer.text("error"))


def _query_value(address: str, name: str) -> str:
    """A value in the query of an address, empty if it is not there."""
    try:
        values = parse_qs(urlsplit(address).query).get(name)
    except ValueError:
        return ""
    return values[0] if values else ""
