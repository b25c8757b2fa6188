"""The redirect of the stream to this machine: nowhere else, and only as a whole."""

import ssl

import pytest

from custom_components.mybmw.sources.cardata.hosts import Broker, broker
from custom_components.mybmw.sources.cardata.stream import _tls_context
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM, loopback


@pytest.fixture(autouse=True)
def no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (LOOPBACK, LOOPBACK_STREAM, LOOPBACK_CA):
        monkeypatch.delenv(name, raising=False)


def test_the_stream_is_bmws() -> None:
    assert broker() == Broker("customer.streaming-cardata.bmwgroup.com", 9000, None)


def test_the_stream_can_be_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK_STREAM, "127.0.0.1:8200")
    monkeypatch.setenv(LOOPBACK_CA, "/somewhere/ca.pem")
    assert broker() == Broker("127.0.0.1", 8200, "/somewhere/ca.pem")


@pytest.mark.parametrize(
    ("address", "ca_file"),
    [
        ("192.168.0.1:8200", "/somewhere/ca.pem"),
        ("localhost:8200", "/somewhere/ca.pem"),
        ("127.0.0.1:8200.example.com", "/somewhere/ca.pem"),
        ("127.0.0.1:0", "/somewhere/ca.pem"),
        ("127.0.0.1:65536", "/somewhere/ca.pem"),
        ("127.0.0.1", "/somewhere/ca.pem"),
        ("mqtts://127.0.0.1:8200", "/somewhere/ca.pem"),
        ("127.0.0.1:8200", ""),
    ],
)
def test_and_nowhere_else(address: str, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK_STREAM, address)
    monkeypatch.setenv(LOOPBACK_CA, ca_file)
    with pytest.raises(ValueError, match="127"):
        broker()


def test_a_simulated_token_is_not_sent_to_bmw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:8199")
    with pytest.raises(ValueError, match=LOOPBACK_STREAM):
        broker()


def test_certificates_are_checked() -> None:
    context = _tls_context(broker())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3


def test_a_simulated_cloud_may_have_a_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "https://127.0.0.1:8199")
    assert loopback() == "https://127.0.0.1:8199"
    monkeypatch.setenv(LOOPBACK, "https://bmw.example.com:8199")
    with pytest.raises(ValueError, match="127"):
        loopback()
