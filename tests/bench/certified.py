"""Certificates that every process of a run trusts, and shows: Home Assistant reads them when it is imported."""

import os
from pathlib import Path
import ssl
from typing import Final

_TRUSTED: Final = "REQUESTS_CA_BUNDLE"
"""By which Home Assistant is told whom to trust."""


def certify(folder: Path) -> None:
    """Make certificates in a folder, for the processes that are started from now on."""
    from tests.simulator.stream.certificates import Certificates  # noqa: PLC0415 (takes long, and not all need it)

    os.environ[_TRUSTED] = str(Certificates(folder).ca_file)


def for_server() -> ssl.SSLContext:
    """What a server of this run shows."""
    folder = Path(os.environ[_TRUSTED]).parent
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def ca_file() -> str:
    """The certificate that vouches for it."""
    return os.environ[_TRUSTED]
