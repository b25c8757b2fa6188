"""Whose cars they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from .regions import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A My BMW or MINI account as its owner would sign in to the app.

    `username` is an e-mail address; in China a phone number with the country code and no plus ("8613912345678").
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    region: Region

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> Self:
        """The account that an owner's settings describe.

        Raises:
            KeyError: A setting is missing.
            ValueError: There is no such region.
        """
        return cls(username=settings["username"], password=settings["password"], region=Region(settings["region"]))
