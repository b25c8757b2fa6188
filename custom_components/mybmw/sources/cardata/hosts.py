"""Where BMW CarData is."""

from dataclasses import dataclass
from typing import Final

from ..loopback import loopback, loopback_stream

_IDENTITY: Final = "https://customer.bmwgroup.com"
_API: Final = "https://api-cardata.bmwgroup.com"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the stream comes from, and who may vouch for it: the authorities in a file, or those of this machine."""

    host: str
    port: int
    ca_file: str | None = None


_BROKER: Final = Broker("customer.streaming-cardata.bmwgroup.com", 9000)


def identity_origin() -> str:
    """Scheme and host of the place that gives out tokens.

    Raises:
        ValueError: The redirect to this machine names something else than this machine.
    """
    return loopback() or _IDENTITY


def api_origin() -> str:
    """Scheme and host of the place that answers questions about cars.

    Raises:
        ValueError: The redirect to this machine names something else than this machine.
    """
    return loopback() or _API


def broker() -> Broker:
    """The broker of the stream.

    Raises:
        ValueError: The redirect to this machine names something else than this machine, or only half of it.
    """
    if stream := loopback_stream():
        return Broker("127.0.0.1", stream.port, stream.ca_file)
    return _BROKER
