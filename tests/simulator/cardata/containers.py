"""Lists of descriptors, as customers make them."""

from dataclasses import dataclass, field
from datetime import datetime
import secrets
import string
from typing import Final

from custom_components.mybmw.sources import Json

MOST: Final = 10
"""An account may have so many active ones."""

_CHARACTERS: Final = string.ascii_uppercase + string.digits
_ID_LENGTH: Final = 13


def new_id() -> str:
    """The number of a new container."""
    return "".join(secrets.choice(_CHARACTERS) for _ in range(_ID_LENGTH))


def is_id(text: str) -> bool:
    """Whether a text could be the number of a container."""
    return len(text) == _ID_LENGTH and set(_CHARACTERS).issuperset(text)


@dataclass(slots=True, kw_only=True, eq=False)
class Container:
    """A container. One that was deleted stays on the list."""

    name: str
    purpose: str
    descriptors: tuple[str, ...]
    created: datetime
    container_id: str = field(default_factory=new_id)
    is_active: bool = True

    def told(self) -> dict[str, Json]:
        """As it stands on the list."""
        return {
            "containerId": self.container_id,
            "name": self.name,
            "purpose": self.purpose,
            "state": "ACTIVE" if self.is_active else "DELETED",
            "created": self.created.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
