"""Where BMW CarData is."""

from typing import Final

from ..loopback import loopback

_IDENTITY: Final = "https://customer.bmwgroup.com"
_API: Final = "https://api-cardata.bmwgroup.com"


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
