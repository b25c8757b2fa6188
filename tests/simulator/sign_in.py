"""Signing in anywhere but in China: OAuth 2 with an authorization code and PKCE, in four requests.

1. The application asks for its own configuration.
2. It sends user name, password and the token of a solved captcha, and gets an authorization.
3. It changes the authorization for a code, which comes in the address of a redirect to the application itself.
4. It changes the code for tokens, and proves with the verifier that it is who began.

A refresh is the first request and another form of the last; the old refresh token is worthless after it.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
import hashlib
import secrets
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import encode_basic_auth, web

from custom_components.mybmw.sources import Json
from tests.issued import Kind, issue

from .accounts import Account, Accounts, Tokens
from .captcha import Captchas
from .dialect import (
    Form,
    RefusalError,
    check_session,
    filled,
    form_of,
    malformed,
    region_of,
    require,
    require_uuid,
)

CLIENT_ID: Final = "31c357a0-7a1d-4590-aa99-33b97244d048"
CLIENT_SECRET: Final = "the secret that every copy of the application knows"
RETURN_URL: Final = "com.bmw.connected://oauth"
SCOPES: Final = (
    "openid profile email offline_access smacc vehicle_data perseus dlm svds cesim vsapi remote_services fupo "
    "authenticate_user"
)
SUBSCRIPTION_KEYS: Final = {
    "row": "4f1c85a3-758f-a37d-bbb6-f8704494acfa",
    "na": "31e102f5-6f7e-7ef3-9044-ddce63891362",
}

_NOT_YOU: Final[Json] = {
    "error": "invalid_client",
    "error_description": "Client authentication failed (e.g., login failure, unknown client, no client "
    "authentication included or unsupported authentication method)",
}
"""A wrong password, a captcha token that is missing or used, a wrong secret: the cloud does not say which."""
_WORTHLESS: Final[Json] = {
    "error": "invalid_request",
    "error_description": "The request is missing a required parameter, includes an invalid parameter value, includes a "
    "parameter more than once, or is otherwise malformed",
}
"""What a refresh token or a code that was used before is answered with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What the application fixed when it began to sign in, and must repeat."""

    state: str
    nonce: str
    code_challenge: str

    @classmethod
    def read(cls, form: Form) -> _Attempt:
        require("client_id", form.get("client_id"), CLIENT_ID)
        require("response_type", form.get("response_type"), "code")
        require("scope", form.get("scope"), SCOPES)
        require("redirect_uri", form.get("redirect_uri"), RETURN_URL)
        require("code_challenge_method", form.get("code_challenge_method"), "S256")
        return cls(
            state=filled(form, "state"), nonce=filled(form, "nonce"), code_challenge=filled(form, "code_challenge")
        )


@dataclass(slots=True, kw_only=True)
class SignIn:
    """The requests above, and what was handed out between them. Everything handed out works once."""

    accounts: Accounts
    captchas: Captchas
    _authorizations: dict[str, tuple[Account, _Attempt]] = field(default_factory=dict)
    _codes: dict[str, tuple[Account, _Attempt]] = field(default_factory=dict)

    def routes(self) -> Iterable[web.RouteDef]:
        """Where they are."""
        return (
            web.get("/eadrax-ucs/v1/presentation/oauth/config", self._configuration),
            web.post("/gcdm/oauth/authenticate", self._authenticate),
            web.post("/gcdm/oauth/token", self._token),
        )

    async def _configuration(self, request: web.Request) -> web.Response:
        region = region_of(request)
        check_session(request)
        if request.headers.get("ocp-apim-subscription-key") != SUBSCRIPTION_KEYS.get(region):
            raise RefusalError(401, {"statusCode": 401, "message": "Access denied due to missing subscription key."})
        origin = request.url.origin()
        return web.json_response(
            {
                "clientName": "mybmwapp",
                "clientId": CLIENT_ID,
                "clientSecret": CLIENT_SECRET,
                "gcdmBaseUrl": str(origin),
                "returnUrl": RETURN_URL,
                "brand": "bmw",
                "language": "en",
                "country": "US",
                "authorizationEndpoint": f"{origin}/oneid/login",
                "tokenEndpoint": f"{origin}/gcdm/oauth/token",
                "scopes": SCOPES.split(),
                "promptValues": ["login"],
            }
        )

    async def _authenticate(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        attempt = _Attempt.read(form)
        if "authorization" in form:
            return self._hand_out_code(request, form["authorization"], attempt)
        return self._check_password(request, form, attempt)

    def _check_password(self, request: web.Request, form: Form, attempt: _Attempt) -> web.Response:
        require("grant_type", form.get("grant_type"), "authorization_code")
        region = region_of(request)
        is_human = self.captchas.accept(request.headers.get("hcaptchatoken", ""), region)
        account = self.accounts.with_password(filled(form, "username"), filled(form, "password"), region)
        if account is None or not is_human:
            raise RefusalError(401, _NOT_YOU)
        authorization = secrets.token_urlsafe(24)
        issue(Kind.KEY, authorization)
        self._authorizations[authorization] = account, attempt
        # Not URL-encoded: the cloud itself does not.
        query = f"client_id={CLIENT_ID}&response_type=code&scope={SCOPES}&state={attempt.state}"
        return web.json_response({"redirect_to": f"redirect_uri={RETURN_URL}?{query}&authorization={authorization}"})

    def _hand_out_code(self, request: web.Request, authorization: str, attempt: _Attempt) -> web.Response:
        require_uuid("interaction-id", request.query.get("interaction-id"))
        require("client-version", request.query.get("client-version"), request.headers.get("x-user-agent", ""))
        account, begun = self._authorizations.pop(authorization, (None, None))
        if account is None or begun != attempt:
            raise RefusalError(401, _NOT_YOU)
        code = secrets.token_urlsafe(24)
        issue(Kind.KEY, code)
        self._codes[code] = account, attempt
        query = urlencode({"code": code, "state": attempt.state, "client_id": CLIENT_ID, "nonce": attempt.nonce})
        return web.Response(status=302, headers={"location": f"{RETURN_URL}?{query}"})

    async def _token(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != encode_basic_auth(CLIENT_ID, CLIENT_SECRET):
            raise RefusalError(401, _NOT_YOU)
        form = await form_of(request)
        require("redirect_uri", form.get("redirect_uri"), RETURN_URL)
        match form.get("grant_type"):
            case "authorization_code":
                tokens = self._exchange_code(form)
            case "refresh_token":
                require("scope", form.get("scope"), SCOPES)
                tokens = self.accounts.readmit(filled(form, "refresh_token"))
            case _:
                what = "grant_type"
                raise malformed(what)
        if tokens is None:
            raise RefusalError(400, _WORTHLESS)
        return web.json_response(token_answer(tokens, self.accounts))

    def _exchange_code(self, form: Form) -> Tokens | None:
        account, attempt = self._codes.pop(filled(form, "code"), (None, None))
        if account and attempt and attempt.code_challenge == _challenge(filled(form, "code_verifier")):
            return self.accounts.admit(account)
        return None


def token_answer(tokens: Tokens, accounts: Accounts) -> dict[str, str | int]:
    """How new tokens are written, outside of China and at a refresh in China."""
    return {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": int(accounts.access_lifetime.total_seconds()),
        "refresh_token": tokens.refresh_token,
        "scope": SCOPES,
        "usid": str(uuid4()),
        "gcid": tokens.account.gcid,
    }


def _challenge(verifier: str) -> str:
    """The code challenge that belongs to a verifier (PKCE, method S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
