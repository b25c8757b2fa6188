"""What differs by region, and where secrets may go."""

import pytest

from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Region
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.credentials import AppIdentity
from custom_components.mybmw.sources.mybmw.headers import app_version
from custom_components.mybmw.sources.mybmw.regions import CaptchaWidget, may_hear_secrets

from .cloud import Clock


@pytest.mark.parametrize(
    ("region", "origin", "key"),
    [
        (Region.NORTH_AMERICA, "https://cocoapi.bmwgroup.us", "31e102f5-6f7e-7ef3-9044-ddce63891362"),
        (Region.REST_OF_WORLD, "https://cocoapi.bmwgroup.com", "4f1c85a3-758f-a37d-bbb6-f8704494acfa"),
        (Region.CHINA, "https://myprofile.bmw.com.cn", ""),
    ],
)
def test_each_region_has_its_own_cloud(region: Region, origin: str, key: str) -> None:
    assert region.api_origin() == origin
    assert region.subscription_key == key


def test_only_china_needs_no_human_and_shifts_positions() -> None:
    assert [region for region in Region if not region.needs_captcha] == [Region.CHINA]
    assert [region for region in Region if region.has_shifted_positions] == [Region.CHINA]
    assert {(region.captcha_page or "").rpartition("/")[2] for region in Region} == {
        "",
        "north_america.html",
        "rest_of_world.html",
    }


@pytest.mark.parametrize(
    ("region", "site_key"),
    [
        (Region.NORTH_AMERICA, "dc24de9a-9844-438b-b542-60067ff4dbe9"),
        (Region.REST_OF_WORLD, "7244955f-8f30-4445-adff-4fefe059f815"),
    ],
)
def test_the_captcha_is_bmws_and_its_script_is_hcaptchas(
    region: Region, site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert region.captcha_widget() == CaptchaWidget(
        site_key=site_key,
        script="https://js.hcaptcha.com/1/api.js",
        hosts=("https://hcaptcha.com", "https://*.hcaptcha.com"),
    )

    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:8199/")
    assert region.captcha_widget() == CaptchaWidget(
        site_key=site_key, script="http://127.0.0.1:8199/_captcha/api.js", hosts=("http://127.0.0.1:8199",)
    )


def test_where_no_human_is_needed_there_is_no_captcha() -> None:
    with pytest.raises(ValueError, match="There is no captcha in china"):
        Region.CHINA.captcha_widget()


def test_north_america_is_asked_less_often() -> None:
    assert [region.poll_interval_min for region in Region] == [10, 5, 5]


def test_regions_are_called_as_owners_store_them() -> None:
    assert [str(region) for region in Region] == ["north_america", "rest_of_world", "china"]


@pytest.mark.parametrize(
    ("region", "brand", "version"),
    [
        (Region.REST_OF_WORLD, ListBrand.BMW, "android(AP2A.735595.124);bmw;4.9.2(36892);row"),
        (Region.NORTH_AMERICA, ListBrand.MINI, "android(AP2A.735595.124);mini;4.9.2(36892);na"),
        (Region.CHINA, ListBrand.TOYOTA, "android(AP2A.735595.124);toyota;4.9.2(36892);cn"),
    ],
)
def test_the_app_introduces_itself(region: Region, brand: ListBrand, version: str, clock: Clock) -> None:
    identity = AppIdentity(build="AP2A.735595.124", session_id="", session_since=clock())
    assert app_version(identity, region, brand) == version


@pytest.mark.parametrize("port", [1, 80, 8199, 65535])
@pytest.mark.parametrize("end", ["", "/"])
def test_all_requests_can_be_sent_to_this_machine(port: int, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, f"http://127.0.0.1:{port}{end}")
    assert {region.api_origin() for region in Region} == {f"http://127.0.0.1:{port}"}


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1",
        "http://127.0.0.1:0",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:80000000",
        "https://127.0.0.2:8199",
        "http://localhost:8199",
        "http://127.0.0.2:8199",
        "http://0.0.0.0:8199",
        "http://[::1]:8199",
        "http://192.168.1.2:8199",
        "http://127.0.0.1.example.com:8199",
        "http://example.com:8199",
        "http://127.0.0.1:8199@example.com",
        "http://user@127.0.0.1:8199",
        "http://127.0.0.1:8199/path",
        "http://127.0.0.1:8199?query",
        "http://127.0.0.1:8199\n",
        "127.0.0.1:8199",
        "http://127.0.0.1:\N{FULLWIDTH DIGIT EIGHT}199",
        "yes",
    ],
)
def test_no_request_can_be_sent_to_another_machine(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, address)
    with pytest.raises(ValueError, match=r"MYBMW_LOOPBACK may only be http://127\.0\.0\.1:PORT"):
        Region.REST_OF_WORLD.api_origin()
    with pytest.raises(ValueError, match=r"MYBMW_LOOPBACK may only be"):
        Region.REST_OF_WORLD.captcha_widget()


def test_an_empty_redirect_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "")
    assert Region.REST_OF_WORLD.api_origin() == "https://cocoapi.bmwgroup.com"


@pytest.mark.parametrize(
    "address",
    [
        "https://customer.bmwgroup.com/gcdm/oauth/token",
        "https://login.bmwusa.com/gcdm/oauth/token",
        "https://cocoapi.bmwgroup.us/token",
        "https://myprofile.bmw.com.cn/token",
        "https://BMWGROUP.COM/token",
        "https://bmwusa.com:443/token",
        f"https://{'x' * 63}.bmwgroup.com/token",
        f"https://{'.'.join(['x' * 48] * 4)}.{'x' * 44}.bmwgroup.com/token",
    ],
)
def test_bmws_own_hosts_may_hear_secrets(address: str) -> None:
    assert may_hear_secrets(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://customer.bmwgroup.com/gcdm/oauth/token",
        "https://customer.bmwgroup.com.example.org/token",
        "https://customer-bmwgroup.com/token",
        "https://evilbmwgroup.com/token",
        "https://customer.bmwgroup.com@example.org/token",
        "https://user:password@customer.bmwgroup.com/token",
        "https://example.org/customer.bmwgroup.com/token",
        "https://example.org\\@customer.bmwgroup.com/token",
        "http://127.0.0.1:8199/token",
        "ftp://customer.bmwgroup.com/token",
        "//customer.bmwgroup.com/token",
        "https://cust\x00omer.bmwgroup.com/token",
        "https://[/token",
        "",
        "https://customer.bmwgroup.com:8443/token",
        "https://customer.bmwgroup.com:80/token",
        "https://customer.bmwgroup.com:0/token",
        "https://customer.bmwgroup.com:99999/token",
        "https://customer.bmwgroup.com./token",
        "https://.bmwgroup.com/token",
        "https://customer..bmwgroup.com/token",
        "https://-customer.bmwgroup.com/token",
        "https://customer-.bmwgroup.com/token",
        "https://custo_mer.bmwgroup.com/token",
        "https://cust*mer.bmwgroup.com/token",
        "https://cust%6fmer%2ebmwgroup.com/token",
        f"https://{'x' * 64}.bmwgroup.com/token",
        f"https://{'.'.join(['x' * 48] * 4)}.{'x' * 45}.bmwgroup.com/token",
        "https://bmwgroupxcom/token",
        "https://customer.bmwgroup.com/?to=/token",
        "https://customer.bmwgroup.com/#/token",
    ],
)
def test_nobody_else_may_hear_secrets(address: str) -> None:
    assert not may_hear_secrets(address)


def test_while_redirected_only_this_machine_may_hear_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:8199")
    assert may_hear_secrets("http://127.0.0.1:8199/gcdm/oauth/token")
    assert not may_hear_secrets("http://127.0.0.1:8200/gcdm/oauth/token")
    assert not may_hear_secrets("https://127.0.0.1:8199/gcdm/oauth/token")
    assert not may_hear_secrets("http://user@127.0.0.1:8199/gcdm/oauth/token")
    assert not may_hear_secrets("http://127.0.0.1:8199/?to=/token")
    assert not may_hear_secrets("https://customer.bmwgroup.com/gcdm/oauth/token")


def test_while_redirected_over_tls_nobody_else_may_hear_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "https://127.0.0.1:8199")
    assert may_hear_secrets("https://127.0.0.1:8199/gcdm/oauth/token")
    assert not may_hear_secrets("http://127.0.0.1:8199/gcdm/oauth/token")
    assert not may_hear_secrets("https://127.0.0.1:8200/gcdm/oauth/token")


def test_while_redirected_to_the_usual_port_it_need_not_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:80")
    assert may_hear_secrets("http://127.0.0.1/gcdm/oauth/token")
