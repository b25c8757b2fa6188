"""Signing in in China: no OAuth and no human, but an encrypted password, a slider puzzle and a nonce.

1. The application fetches a public key and encrypts the password with it.
2. It fetches a slider puzzle: a picture with a pale gap, whose place it must find.
3. It sends the place.
4. It sends the phone number, the encrypted password and the number of the solved puzzle.

All requests but the first are made by an application that can make a nonce (see china_nonce.py), and are answered in
an envelope of code, error, description and data. A refresh is OAuth's again, and so is its answer.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
import json
from typing import Final
from uuid import uuid4

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from custom_components.mybmw.sources import Clock, Json

from .accounts import Accounts
from .china_nonce import is_nonce_of
from .dialect import Form, RefusalError, filled, form_of, json_of, region_of, require
from .sign_in import token_answer

_KEY_BITS: Final = 1024
"""Small by today's measure, but what the cloud has."""
_GAP: Final = "0.81"
"""Where the gap of the recorded puzzle is, as a part of its width."""

_ILLEGAL: Final = 499200
"""The code for a nonce or a version of the application that is not accepted."""
_NOT_YOU: Final = 499001
"""The code for a wrong password, an unsolved puzzle or a worthless refresh token. Made up: no such answer is known."""


@dataclass(kw_only=True)
class ChinaSignIn:
    """The requests above, and the puzzles that were handed out. A solved puzzle opens the door once."""

    accounts: Accounts
    clock: Clock
    _solved: dict[str, bool] = field(default_factory=dict)

    def routes(self) -> Iterable[web.RouteDef]:
        """Where they are."""
        return (
            web.get("/eadrax-coas/v1/cop/publickey", self._public_key),
            web.post("/eadrax-coas/v2/cop/slider-captcha", self._puzzle),
            web.post("/eadrax-coas/v1/cop/check-captcha", self._solution),
            web.post("/eadrax-coas/v2/login/pwd", self._password),
            web.post("/eadrax-coas/v2/oauth/token", self._refresh),
        )

    @cached_property
    def _key(self) -> RSAPrivateKey:
        return generate_private_key(public_exponent=65537, key_size=_KEY_BITS)

    async def _public_key(self, request: web.Request) -> web.Response:
        _check_region(request)
        key = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return _envelope({"value": key.decode().replace("\n", "\r\n"), "expires": "3600"})

    async def _puzzle(self, request: web.Request) -> web.Response:
        _check_region(request)
        filled(await json_of(request), "mobile")
        puzzle = uuid4().hex
        self._solved[puzzle] = False
        return _envelope({"verifyId": puzzle, "backGroundImg": _recorded_picture(), "cutImg": ""})

    async def _solution(self, request: web.Request) -> web.Response:
        _check_region(request)
        form = await json_of(request)
        puzzle = filled(form, "verifyId")
        if puzzle not in self._solved or form.get("position") != _GAP:
            raise _refusal(_NOT_YOU)
        self._solved[puzzle] = True
        return _envelope(None)

    async def _password(self, request: web.Request) -> web.Response:
        _check_region(request)
        form = await json_of(request)
        username = filled(form, "mobile")
        require("deviceId", form.get("deviceId"), username)
        self._check_nonce(request, username)
        is_solved = self._solved.pop(filled(form, "verifyId"), False)
        account = self.accounts.with_password(username, self._decrypted(form), region_of(request))
        if account is None or not is_solved:
            raise _refusal(_NOT_YOU)
        tokens = self.accounts.admit(account)
        return _envelope(
            {
                "access_token": tokens.access_token,
                "token_type": "Bearer",
                "refresh_token": tokens.refresh_token,
                "usid": uuid4().hex,
                "cid": uuid4().hex,
                "gcid": account.gcid,
            }
        )

    async def _refresh(self, request: web.Request) -> web.Response:
        _check_region(request)
        form = await form_of(request)
        require("grant_type", form.get("grant_type"), "refresh_token")
        refresh_token = filled(form, "refresh_token")
        account = self.accounts.who_refreshes(refresh_token)
        if account is not None:
            self._check_nonce(request, account.gcid)
        tokens = self.accounts.readmit(refresh_token)
        if tokens is None:
            raise _refusal(_NOT_YOU)
        return web.json_response(token_answer(tokens, self.accounts))

    def _check_nonce(self, request: web.Request, who: str) -> None:
        if not is_nonce_of(who, request.headers.get("x-login-nonce", ""), now=self.clock()):
            raise _refusal(_ILLEGAL)

    def _decrypted(self, form: Form) -> str:
        try:
            encrypted = base64.b64decode(filled(form, "password"), validate=True)
            return self._key.decrypt(encrypted, PKCS1v15()).decode()
        except binascii.Error, ValueError:
            return ""


def _check_region(request: web.Request) -> None:
    require("region", region_of(request), "cn")


def _envelope(data: Json) -> web.Response:
    return web.json_response({"code": 200, "error": False, "description": "ok", "data": data})


def _refusal(code: int) -> RefusalError:
    return RefusalError(
        422, {"data": None, "code": code, "error": True, "msgType": "toast", "description": "系统异常,请稍后再试!"}
    )


def _recorded_picture() -> str:
    recording = files("bimmer_connected").joinpath("tests", "responses", "auth", "auth_slider_captcha.json")
    picture: str = json.loads(recording.read_text(encoding="utf-8"))["data"]["backGroundImg"]
    return picture
