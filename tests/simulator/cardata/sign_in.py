"""Signing in with a code: the device asks for one, the owner enters it on a page, the device asks for tokens meanwhile.

The status codes are BMW's and not those of RFC 8628: 403 while the owner has not entered the code, 401 once it is over.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
from html import escape
import secrets
import string
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from custom_components.mybmw.sources import Json
from tests.issued import Kind, issue

from ..dialect import Form, RefusalError, form_of
from .customers import SCOPES, Customer, Customers, Grant

PAGE: Final = "/oneid/link"
TOKEN_PATH: Final = "/gcdm/oauth/token"

_CODE_LIFETIME: Final = timedelta(minutes=5)
_INTERVAL_S: Final = 5
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_CODE_LENGTH: Final = 8

_PAGE_TEXT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Simulated BMW ID</title>
<style>body {{ font: 1.1rem system-ui; max-width: 26rem; margin: 4rem auto; padding: 0 1rem }}
input, button {{ font: inherit; padding: .5rem; margin: .3rem 0 }}</style>
<h1>Connect a device</h1><p>{said}</p>
<form method="post"><label>Code <input name="user_code" value="{code}" autocomplete="off" autofocus></label><br>
<button name="answer" value="yes">Approve</button> <button name="answer" value="no">Decline</button></form></html>
"""


@dataclass(slots=True, kw_only=True)
class _Code:
    """A code that was given out. `approved` is None until the owner has answered."""

    customer: Customer
    scopes: frozenset[str]
    challenge: str
    user_code: str
    device_code: str = field(repr=False)
    ends_at: datetime
    approved: bool | None = None
    approved_at: datetime | None = None
    asked_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class DeviceSignIn:
    """The requests of a sign-in and of a renewal.

    What BMW was seen to do on some days can be switched on: to say "access_denied" for a while after the owner has
    approved (`denies_for`), to name the page with the code in it (`names_second_page`), and to leave out whose account
    it is when keys are renewed (`tells_gcid_again`). Whoever polls faster than asked is told to slow down.
    """

    customers: Customers
    denies_for: timedelta = timedelta()
    names_second_page: bool = False
    tells_gcid_again: bool = False
    _codes: dict[str, _Code] = field(default_factory=dict)

    def routes(self) -> Iterable[web.RouteDef]:
        """Where they are; tokens are given out at an address that is shared with MyBMW, see `door`."""
        return (
            web.post("/gcdm/oauth/device/code", self._begin),
            web.get(PAGE, self._show_page),
            web.post(PAGE, self._enter),
        )

    def approve(self, user_code: str, *, yes: bool = True) -> bool:
        """Do what the owner does on the page; False if there is no such code (any more)."""
        now = self.customers.clock()
        code = next((code for code in self._codes.values() if code.user_code == user_code), None)
        if code is None or code.approved is not None or now >= code.ends_at:
            return False
        code.approved, code.approved_at = yes, now
        return True

    async def token(self, request: web.Request) -> web.Response:
        """Change a code that was approved, or a refresh token, for keys."""
        form = await form_of(request)
        customer = self._client(form)
        match form.get("grant_type"):
            case "refresh_token":
                grant = self.customers.readmit(customer, form.get("refresh_token", ""))
                tells_gcid = self.tells_gcid_again
            case grant_type if grant_type == _DEVICE_GRANT:
                grant = self._exchange(customer, form)
                tells_gcid = True
            case _:
                raise _no(400, "invalid_request")
        if grant is None:
            raise _no(400, "invalid_grant", "The provided access grant is invalid, expired, or revoked.")
        answer: dict[str, Json] = {
            "access_token": grant.access_token,
            "token_type": "Bearer",
            "expires_in": int((grant.ends_at - self.customers.clock()).total_seconds()),
            "refresh_token": grant.refresh_token,
            "scope": " ".join(sorted(grant.scopes)),
            "id_token": grant.id_token,
        }
        return web.json_response(answer | ({"gcid": customer.account.gcid} if tells_gcid else {}))

    async def _begin(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        customer = self._client(form)
        scopes = frozenset(form.get("scope", "").split())
        challenge = form.get("code_challenge", "")
        if (
            form.get("response_type") != "device_code"
            or form.get("code_challenge_method") != "S256"
            or not challenge
            or not scopes
            or not customer.subscribed.intersection(SCOPES).issuperset(scopes)
        ):
            raise _no(400, "invalid_request")
        code = _Code(
            customer=customer,
            scopes=scopes,
            challenge=challenge,
            user_code="".join(secrets.choice(string.ascii_letters) for _ in range(_CODE_LENGTH)),
            device_code=secrets.token_urlsafe(32),
            ends_at=self.customers.clock() + _CODE_LIFETIME,
        )
        issue(Kind.KEY, code.device_code)
        self._codes[code.device_code] = code
        page = f"{request.scheme}://{request.host}{PAGE}"
        answer: dict[str, Json] = {
            "user_code": code.user_code,
            "device_code": code.device_code,
            "interval": _INTERVAL_S,
            "expires_in": int(_CODE_LIFETIME.total_seconds()),
            "verification_uri": page,
        }
        if self.names_second_page:
            answer["verification_uri_complete"] = f"{page}?{urlencode({'user_code': code.user_code})}"
        return web.json_response(answer)

    def _exchange(self, customer: Customer, form: Form) -> Grant:
        now = self.customers.clock()
        code = self._codes.get(form.get("device_code", ""))
        if code is None or code.customer is not customer or code.challenge != _challenge(form.get("code_verifier", "")):
            raise _no(400, "invalid_grant")
        if now >= code.ends_at:
            raise _no(401, "expired_token", "code is expired")
        asked_at, code.asked_at = code.asked_at, now
        if asked_at and (now - asked_at).total_seconds() < _INTERVAL_S:
            raise _no(400, "slow_down")
        if code.approved is None:
            raise _no(403, "authorization_pending", "user has not yet completed authorization")
        is_denied_yet = code.approved_at is not None and now < code.approved_at + self.denies_for
        if not code.approved or is_denied_yet:
            raise _no(403, "access_denied", "user has declined authorization")
        del self._codes[code.device_code]
        return self.customers.admit(customer, code.scopes)

    def _client(self, form: Form) -> Customer:
        client_id = form.get("client_id", "")
        if client_id != client_id.strip().lower():
            raise RefusalError(500, {"error": "server_error"})
        if (customer := self.customers.with_client(client_id)) is None:
            raise _no(401, "invalid_client")
        return customer

    async def _show_page(self, request: web.Request) -> web.Response:
        return _page("Enter the code that the device shows.", request.query.get("user_code", ""))

    async def _enter(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        user_code, is_yes = form.get("user_code", "").strip(), form.get("answer") == "yes"
        if not self.approve(user_code, yes=is_yes):
            return _page("This code is wrong, or too old.", user_code)
        return _page("The device is connected." if is_yes else "The device is not connected.", "")


def _challenge(verifier: str) -> str:
    """The code challenge that belongs to a verifier (PKCE, method S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _page(said: str, code: str) -> web.Response:
    return web.Response(text=_PAGE_TEXT.format(said=escape(said), code=escape(code)), content_type="text/html")


def _no(status: int, error: str, description: str = "") -> RefusalError:
    return RefusalError(status, {"error": error, "error_description": description or error})
