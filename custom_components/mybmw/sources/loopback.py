"""The one way to send all that is asked of any cloud to a simulated one on this machine instead."""

from dataclasses import dataclass
import os
import re
from typing import Final

LOOPBACK: Final = "MYBMW_LOOPBACK"
"""Environment variable with the address of a simulated cloud on this machine; all requests go there while it is set."""

LOOPBACK_STREAM: Final = "MYBMW_LOOPBACK_STREAM"
"""Environment variable with the address of that cloud's stream, where it has one."""

LOOPBACK_CA: Final = "MYBMW_LOOPBACK_CA"
"""Environment variable with the path of the certificate that vouches for that stream, and for nothing else."""

_ADDRESS: Final = re.compile(r"https?://127\.0\.0\.1:([1-9][0-9]{0,4})")
_STREAM_ADDRESS: Final = re.compile(r"127\.0\.0\.1:([1-9][0-9]{0,4})")
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class LoopbackStream:
    """Where the stream of a simulated cloud is on this machine, and which certificate vouches for it."""

    port: int
    ca_file: str


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
        message = (
            f"{LOOPBACK} may only be http://127.0.0.1:PORT or https://127.0.0.1:PORT, with the port of a simulated"
            " cloud on this machine"
        )
        raise ValueError(message)
    return match[0]


def loopback_stream() -> LoopbackStream | None:
    """Where the stream of the simulated cloud is, None if there is no simulated cloud.

    Raises:
        ValueError: The variables name something else than this machine, or not all that is needed.
    """
    address, ca_file = os.environ.get(LOOPBACK_STREAM, ""), os.environ.get(LOOPBACK_CA, "")
    if not address and loopback() is None:
        return None
    match = _STREAM_ADDRESS.fullmatch(address)
    if match is None or int(match[1]) > _LAST_PORT or not ca_file:
        message = (
            f"with a simulated cloud, {LOOPBACK_STREAM} has to be 127.0.0.1:PORT and {LOOPBACK_CA} the path of the"
            " certificate that vouches for it: a simulated token is never sent to BMW, nor a real one to a simulator"
        )
        raise ValueError(message)
    return LoopbackStream(int(match[1]), ca_file)
