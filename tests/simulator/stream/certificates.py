"""Certificates for one run: an authority of our own, and what it says of a server, on this machine as a rule."""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
import ssl
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_YEARS: Final = (2020, 2120)
"""TLS looks at this machine's clock, whatever time it is in a test."""
_HOST: Final = "127.0.0.1"


class Certificates:
    """Files in a folder: the authority's certificate (`ca_file`), the server's and its key."""

    def __init__(self, folder: Path, host: str = _HOST) -> None:
        """Make them, for a server at an address."""
        self.ca_file = folder / "ca.pem"
        self.server_file = folder / "server.pem"
        self.key_file = folder / "server.key"
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = (
            _certificate("Simulated authority", ca_key.public_key(), issuer="Simulated authority")
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
            .add_extension(_USAGE, critical=True)
            .sign(ca_key, hashes.SHA256())
        )
        server = (
            _certificate("Simulated broker", key.public_key(), issuer="Simulated authority")
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        self.ca_file.write_bytes(authority.public_bytes(Encoding.PEM))
        self.server_file.write_bytes(server.public_bytes(Encoding.PEM))
        self.key_file.touch(mode=0o600)
        self.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def for_server(self) -> ssl.SSLContext:
        """What a server shows; like BMW's, it speaks nothing older than TLS 1.3."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.show(context)
        return context

    def show(self, context: ssl.SSLContext) -> None:
        """Have a server show these to whoever comes from now on."""
        context.load_cert_chain(self.server_file, self.key_file)


_USAGE: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _certificate(name: str, key: ec.EllipticCurvePublicKey, *, issuer: str) -> x509.CertificateBuilder:
    begin, end = (datetime(year, 1, 1, tzinfo=UTC) for year in _YEARS)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _see_time() -> None:
    """Make a certificate for nobody.

    The cryptography package keeps the class of the first moment it sees. Were it that of a test whose time is frozen,
    it would take no other from any test after it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    _certificate(_HOST, key.public_key(), issuer=_HOST).sign(key, hashes.SHA256())


_see_time()
