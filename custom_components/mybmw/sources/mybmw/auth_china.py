"""Signing in in China: an encrypted password, a picture puzzle a machine can solve, and a nonce that proves the app."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http import HTTPStatus
import secrets
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_public_key
import httpx

from .. import Clock, Json, SignInRequiredError, SlowDownError, TryLaterError
from ..exchange import Answer
from .account import Account
from .credentials import AppIdentity, Grant
from .headers import sign_in_headers
from .wire import Wire

_PUBLIC_KEY_PATH: Final = "/eadrax-coas/v1/cop/publickey"
_PUZZLE_PATH: Final = "/eadrax-coas/v2/cop/slider-captcha"
_PUZZLE_CHECK_PATH: Final = "/eadrax-coas/v1/cop/check-captcha"
_LOGIN_PATH: Final = "/eadrax-coas/v2/login/pwd"
_TOKEN_PATH: Final = "/eadrax-coas/v2/oauth/token"  # noqa: S105 (a path, not a token)

_NONCE_VERSION: Final = "u3.6.1"
_NONCE_ALPHABET: Final = "01234abcdefghijklmnopqrstuvwxyz56789"
_MIRROR: Final = str.maketrans(_NONCE_ALPHABET, _NONCE_ALPHABET[::-1])

# A "system error" (github.com/bimmerconnected/bimmer_connected issue 588), which says nothing of who wants to sign in.
_OUTAGE: Final = 699121
_OUTAGE_WAIT: Final = timedelta(hours=1)

_REFUSALS: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY)


class ChinaLogin:
    """Signs an account in and renews what was granted; neither takes a human."""

    def __init__(self, account: Account, wire: Wire, clock: Clock) -> None:
        """Ask nothing yet."""
        self._account = account
        self._wire = wire
        self._clock = clock
        self._origin = account.region.api_origin()

    async def sign_in(self, identity: AppIdentity, _captcha_token: str | None = None) -> Grant:
        """Sign in with phone number and password."""
        headers = sign_in_headers(identity, self._account.region)
        username = self._account.username

        answer = await self._ask(httpx.Request("GET", f"{self._origin}{_PUBLIC_KEY_PATH}", headers=headers))
        answer.document()
        password = _encrypted(self._account.password, answer.text("data", "value"))

        answer = await self._post(_PUZZLE_PATH, {"mobile": username}, headers)
        answer.document()
        puzzle_id = answer.text("data", "verifyId")
        position = await asyncio.to_thread(_solve, answer.text("data", "backGroundImg"))
        answer = await self._post(_PUZZLE_CHECK_PATH, {"position": position, "verifyId": puzzle_id}, headers)
        answer.document()

        answer = await self._post(
            _LOGIN_PATH,
            {"mobile": username, "password": password, "verifyId": puzzle_id, "deviceId": username},
            headers | {"x-login-nonce": login_nonce(username, self._clock())},
        )
        if _is_refused(answer):
            # Trying the same again by ourselves might lock the account, so whatever the reason, the owner shall decide.
            message = (
                "BMW refused the sign-in: the phone number or password is wrong, its picture puzzle was not solved, or "
                "it does not accept us any more; BMW does not tell which"
            )
            raise SignInRequiredError(message)
        answer.document()
        return self._granted(answer.field("data"))

    async def renew(self, identity: AppIdentity, grant: Grant | None) -> Grant:
        """Exchange a grant for a new one, or sign in again if BMW does not accept it any more."""
        if grant is None:
            return await self.sign_in(identity)
        nonce = login_nonce(grant.gcid, self._clock())
        answer = await self._ask(
            httpx.Request(
                "POST",
                f"{self._origin}{_TOKEN_PATH}",
                headers=sign_in_headers(identity, self._account.region) | {"x-login-nonce": nonce},
                data={"refresh_token": grant.refresh_token, "grant_type": "refresh_token"},
            )
        )
        if _is_refused(answer):
            return await self.sign_in(identity)
        return self._granted(answer.document(), grant)

    async def _post(self, path: str, body: dict[str, str], headers: dict[str, str]) -> Answer:
        return await self._ask(httpx.Request("POST", f"{self._origin}{path}", headers=headers, json=body))

    async def _ask(self, request: httpx.Request) -> Answer:
        answer = await self._wire.ask(request, is_key=request.method == "POST")
        if answer.field("code") == _OUTAGE:
            message = "BMW's sign-in is out of order"
            raise SlowDownError(message, self._clock() + _OUTAGE_WAIT)
        return answer

    def _granted(self, answer: Json, previous: Grant | None = None) -> Grant:
        if (grant := Grant.read(answer, self._clock(), previous)) is None:
            message = "BMW's answer to the sign-in cannot be understood"
            raise TryLaterError(message)
        return grant


def login_nonce(user: str, now: datetime, *, key: str | None = None, iv: str | None = None) -> str:
    """The text by which BMW China recognizes its app, for a user name or, once signed in, the customer's id.

    `key` and `iv` are 16 hexadecimal digits each, random unless given.
    """
    key, iv = key or secrets.token_hex(8), iv or secrets.token_hex(8)
    before, after = key[8:] + iv[:8], key[:8] + iv[8:]
    digest = sha256(f"{before}{_NONCE_VERSION}{user[-4:]}{after}".encode()).hexdigest()
    aes_key = "".join(letter.translate(_MIRROR) if place in {4, 12} else letter for place, letter in enumerate(key))
    pad = PKCS7(AES.block_size).padder()
    plain = f"{user}&{format_datetime(now.astimezone(UTC), usegmt=True)}&{key[:8]}".encode()
    encrypt = Cipher(AES(aes_key.encode()), CBC(iv.encode())).encryptor()
    secret = encrypt.update(pad.update(plain) + pad.finalize()) + encrypt.finalize()
    return f"{before}{digest[:32]}{secret.hex()}{after}{digest[32:]}"


def _encrypted(password: str, public_key: str) -> str:
    """A password that only the owner of the key can read."""
    try:
        key = load_pem_public_key(public_key.encode())
        if isinstance(key, RSAPublicKey):
            return base64.b64encode(key.encrypt(password.encode(), PKCS1v15())).decode()
    except ValueError, UnsupportedAlgorithm:
        pass
    message = "BMW's key for the password cannot be used"
    raise TryLaterError(message)


def _solve(picture: str) -> str:
    from .slider import slider_position  # noqa: PLC0415 (loads Pillow, in a thread and only where it is needed)

    return slider_position(picture)


def _is_refused(answer: Answer) -> bool:
    """Whether BMW's sign-in itself says no, and not some gateway in front of it."""
    return (answer.is_success or answer.status in _REFUSALS) and bool(answer.field("error"))
