"""The one way to send all that is asked of any cloud to a simulated one on this machine instead."""

import os
import re
from typing import Final

LOOPBACK: Final = "MYBMW_LOOPBACK"
"""Environment variable with the address of a simulated cloud on this machine; all requests go there while it is set."""

_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]{0,4})")
_LAST_PORT: Final = 65535


def loopback() -> str | None:
    """Scheme, host and port of the simulated cloud, None if there is none.

    Raises:
        ValueError: The variable names something else than this machine.
    """
    address = os.environ.get(LOOPBACK)
    if not address:
        return None
    match = _ADDRESS.fullmatch(address.removesuffix("/"))
    if match is None or int(match[1]) > _LAST_PORT:
        message = f"{LOOPBACK} may only be http://127.0.0.1:PORT, with the port of a simulated cloud on this machine"
        raise ValueError(message)
    return match[0]
