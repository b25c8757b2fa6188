"""Certificates that everybody in a run trusts, and shows."""

from collections.abc import Generator
from contextlib import contextmanager
import os
from pathlib import Path
import ssl
from tempfile import TemporaryDirectory
from typing import Final

import pytest

_TRUSTED: Final = "REQUESTS_CA_BUNDLE"
"""By which Home Assistant is told whom to trust; it reads this when it is imported."""
_TRUSTED_BY_HTTPX: Final = "SSL_CERT_FILE"


def certify(folder: Path) -> None:
    """Make certificates in a folder, for the processes that are started from now on."""
    from tests.simulator.stream.certificates import Certificates  # noqa: PLC0415 (takes long, and not all need it)

    os.environ[_TRUSTED] = str(Certificates(folder).ca_file)


@contextmanager
def certified() -> Generator[None]:
    """Make certificates for a while, for this process, in which Home Assistant has been imported.

    It goes on to trust their authority, whose key nobody has: no more certificates are made with it.
    """
    from homeassistant.util.ssl import SSL_ALPN_HTTP11, client_context  # noqa: PLC0415 (or it would not see the above)

    with TemporaryDirectory(prefix="certified-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv(_TRUSTED, "")  # is put back afterwards
        certify(Path(folder))
        patch.setenv(_TRUSTED_BY_HTTPX, ca_file())
        client_context(alpn_protocols=SSL_ALPN_HTTP11).load_verify_locations(ca_file())
        yield


def for_server() -> ssl.SSLContext:
    """What a server of this run shows."""
    folder = Path(os.environ[_TRUSTED]).parent
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def ca_file() -> str:
    """The certificate that vouches for it."""
    return os.environ[_TRUSTED]
