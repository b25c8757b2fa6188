"""Makes a cloud's answers fit to be shown to strangers: who owns the car, which one it is and where it was are gone."""

from collections.abc import Mapping
import re
from typing import Final

from . import Json

_DEEPEST: Final = 60
"""Nothing below this many levels is shown; no real answer goes half as deep."""

_PERSONAL: Final[Mapping[str, Json]] = {
    "lat": 12.3456,
    "latitude": 12.3456,
    "lon": 34.5678,
    "lng": 34.5678,
    "long": 34.5678,
    "longitude": 34.5678,
    "coordinates": 12.3456,
    "heading": 123,
    "address": "some_address",
    "addressline": "some_address",
    "fulladdress": "some_address",
    "formatted": "some_address",
    "formattedaddress": "some_address",
    "street": "some_street",
    "streetname": "some_street",
    "streetnumber": "999",
    "housenumber": "999",
    "postalcode": "some_postal_code",
    "zipcode": "some_postal_code",
    "city": "some_city",
    "district": "some_district",
    "settlement": "some_settlement",
    "name": "some_name",
    "firstname": "some_name",
    "lastname": "some_name",
    "surname": "some_name",
    "nickname": "some_name",
    "username": "some_name",
    "userid": "some_id",
    "customerid": "some_id",
    "deviceid": "some_id",
    "gcid": "some_id",
    "usid": "some_id",
    "cid": "some_id",
    "email": "some_email",
    "mail": "some_email",
    "phone": "some_phone",
    "phonenumber": "some_phone",
    "mobile": "some_phone",
    "licenseplate": "some_license_plate",
    "subtitle": "some_subtitle",
    "password": "some_secret",
    "accesstoken": "some_secret",
    "refreshtoken": "some_secret",
    "idtoken": "some_secret",
    "clientsecret": "some_secret",
}
"""What stands in place of everything under a key. Keys are compared by their letters alone, whatever the case."""

_NO_LETTER: Final = re.compile(r"[^a-z]")

_EMAIL: Final = re.compile(r"[^\s@\"'<>,;:/?&=]{1,64}@[^\s@\"'<>,;:/?&=]{1,255}")

# A vehicle identification number is 17 characters; whatever it is run together with goes as well. Runs without a digit
# are words. Keys are read more strictly: camelCase names of fields are longer than 17 letters and may have a digit.
_VIN_IN_VALUE: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{17,}")
_VIN_IN_KEY: Final = re.compile(r"(?<![A-Z0-9])(?=[A-Z]*[0-9])[A-Z0-9]{17,}")


class Anonymizer:
    """Replaces what is personal in JSON documents; the same car or address gets the same replacement in all of them."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self._vins: dict[str, str] = {}
        self._emails: dict[str, str] = {}

    def __call__(self, document: Json) -> Json:
        """A copy of a document without anything personal."""
        return self._value(document, None, _DEEPEST)

    def _value(self, value: Json, instead: Json, levels_left: int) -> Json:
        """A value without anything personal; below a personal key, `instead` stands for every text and number."""
        if not levels_left:
            return None
        match value:
            case None | bool():
                return value
            case dict():
                return {
                    self._text(key, _VIN_IN_KEY): self._value(
                        inner, _PERSONAL.get(_NO_LETTER.sub("", key.lower()), instead), levels_left - 1
                    )
                    for key, inner in value.items()
                }
            case list():
                return [self._value(inner, instead, levels_left - 1) for inner in value]
            case str():
                return self._text(value, _VIN_IN_VALUE) if instead is None else instead
            case _:
                return value if instead is None else instead

    def _text(self, text: str, vin: re.Pattern[str]) -> str:
        return vin.sub(self._vin, _EMAIL.sub(self._email, text))

    def _vin(self, found: re.Match[str]) -> str:
        vin = found[0].upper()
        return self._vins.setdefault(vin, f"{vin[:3]}0FINGERPRINT{len(self._vins) + 1:02}")

    def _email(self, found: re.Match[str]) -> str:
        return self._emails.setdefault(found[0].lower(), f"someone{len(self._emails) + 1:02}@example.invalid")
