"""The nonce of China's sign-in: proof that the application's secret recipe is known, and for whom and when it was used.

`who` is the phone number at a sign-in and the customer's number (gcid) at a refresh. The recipe starts with two random
texts of 16 hex digits, `key` and `iv`, each used in halves. The nonce is these, in this order:

    second half of key · first half of iv · first half of seal · sealed text · first half of key · second half of iv ·
    second half of seal

* The seal is SHA-256 of second half of key + first half of iv + "u3.6.1" + last four characters of who + first half of
  key + second half of iv, as hex digits.
* The text is who & time & first half of key, for example `8613912345678&Sun, 28 Nov 2021 21:28:59 GMT&0a1b2c3d`. It is
  sealed with AES-128 (CBC, PKCS#7), with iv as it is and with key after two of its characters were mirrored, and
  written as hex digits.
"""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
import hashlib
import re
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

_NONCE: Final = re.compile(
    r"(?P<key_2>[0-9a-f]{8})(?P<iv_1>[0-9a-f]{8})(?P<seal_1>[0-9a-f]{32})(?P<sealed>(?:[0-9a-f]{32})+)"
    r"(?P<key_1>[0-9a-f]{8})(?P<iv_2>[0-9a-f]{8})(?P<seal_2>[0-9a-f]{32})"
)
_APPLICATION: Final = "u3.6.1"
_MIRROR: Final = "01234abcdefghijklmnopqrstuvwxyz56789"
_MIRRORED: Final = (4, 12)
_TOLERANCE: Final = timedelta(minutes=5)


def is_nonce_of(who: str, nonce: str, *, now: datetime) -> bool:
    """Whether a nonce was made for this customer, just now and by the recipe."""
    if (parts := _NONCE.fullmatch(nonce)) is None:
        return False
    outside = parts["key_2"] + parts["iv_1"], parts["key_1"] + parts["iv_2"]
    seal = hashlib.sha256((outside[0] + _APPLICATION + who[-4:] + outside[1]).encode()).hexdigest()
    if seal != parts["seal_1"] + parts["seal_2"]:
        return False
    text = _unsealed(parts["sealed"], key=parts["key_1"] + parts["key_2"], iv=parts["iv_1"] + parts["iv_2"])
    match text.split("&"):
        case [name, time, key_1]:
            return name == who and key_1 == parts["key_1"] and _is_about(time, now)
        case _:
            return False


def _unsealed(sealed: str, *, key: str, iv: str) -> str:
    mirrored = "".join(
        _MIRROR[-1 - _MIRROR.index(character)] if place in _MIRRORED else character
        for place, character in enumerate(key)
    )
    decryptor = Cipher(AES128(mirrored.encode()), CBC(iv.encode())).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        padded = decryptor.update(bytes.fromhex(sealed)) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        return ""


def _is_about(time: str, now: datetime) -> bool:
    try:
        return abs(parsedate_to_datetime(time) - now) < _TOLERANCE
    except ValueError:
        return False
