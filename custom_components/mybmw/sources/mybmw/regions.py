"""Everything about BMW's cloud that differs by region."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final

import httpx

from ..loopback import loopback

# Spelled out, because what HTTP libraries take for the name of a host is more than what name servers do.
_BMW_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?:bmwgroup\.com|bmwgroup\.us|bmwusa\.com|bmw\.com\.cn)"
)

_HCAPTCHA_SCRIPT: Final = "https://js.hcaptcha.com/1/api.js"
_HCAPTCHA_HOSTS: Final = ("https://hcaptcha.com", "https://*.hcaptcha.com")
_LOOPBACK_SCRIPT: Final = "/_captcha/api.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptchaWidget:
    """BMW's captcha, as a page shows it.

    `script` draws the captcha with this `site_key`, an identifier that every visitor of BMW's own sign-in page can see;
    the script needs to reach `hosts` (sources as a Content-Security-Policy writes them) and nothing else.
    """

    site_key: str
    script: str
    hosts: tuple[str, ...]


class Region(StrEnum):
    """The part of the world an account belongs to."""

    NORTH_AMERICA = "north_america"
    REST_OF_WORLD = "rest_of_world"
    CHINA = "china"

    @property
    def code(self) -> str:
        """BMW's own abbreviation."""
        return _FACTS[self].code

    @property
    def app_version(self) -> str:
        """The version of the My BMW app we speak like; BMW turns away versions that are too old."""
        return _FACTS[self].app_version

    @property
    def user_agent(self) -> str:
        """What the app's HTTP library calls itself."""
        return _FACTS[self].user_agent

    @property
    def subscription_key(self) -> str:
        """The key every copy of the app shows when it asks how to sign in; empty where none is asked for."""
        return _FACTS[self].subscription_key

    @property
    def captcha_page(self) -> str | None:
        """The page on which the owner proves to be human, None where no human is needed to sign in."""
        return _FACTS[self].captcha_page

    @property
    def needs_captcha(self) -> bool:
        """Whether signing in takes a human."""
        return self.captcha_page is not None

    def captcha_widget(self) -> CaptchaWidget:
        """What a page of our own needs in order to show the captcha.

        Raises:
            ValueError: No human is needed to sign in, or the redirect to this machine names something else.
        """
        site_key = _FACTS[self].captcha_site_key
        if site_key is None:
            message = f"There is no captcha in {self}"
            raise ValueError(message)
        if here := loopback():
            return CaptchaWidget(site_key=site_key, script=f"{here}{_LOOPBACK_SCRIPT}", hosts=(here,))
        return CaptchaWidget(site_key=site_key, script=_HCAPTCHA_SCRIPT, hosts=_HCAPTCHA_HOSTS)

    @property
    def has_shifted_positions(self) -> bool:
        """Whether positions come in China's own coordinates (GCJ-02) instead of the world's (WGS-84)."""
        return _FACTS[self].has_shifted_positions

    @property
    def poll_interval_min(self) -> int:
        """Minutes between two looks at an account that its quota allows all day long."""
        return _FACTS[self].poll_interval_min

    def api_origin(self) -> str:
        """Scheme, host and port of the cloud.

        Raises:
            ValueError: The redirect to this machine names something else than this machine.
        """
        return loopback() or f"https://{_FACTS[self].api_host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    code: str
    api_host: str
    app_version: str = "4.9.2(36892)"
    user_agent: str = "Dart/3.3 (dart:io)"
    subscription_key: str = ""
    captcha_page: str | None = None
    captcha_site_key: str | None = None
    has_shifted_positions: bool = False
    poll_interval_min: int = 5


_FACTS: Final[Mapping[Region, _Facts]] = {
    Region.NORTH_AMERICA: _Facts(
        code="na",
        api_host="cocoapi.bmwgroup.us",
        subscription_key="31e102f5-6f7e-7ef3-9044-ddce63891362",
        captcha_page="https://bimmer-connected.readthedocs.io/en/stable/captcha/north_america.html",
        captcha_site_key="dc24de9a-9844-438b-b542-60067ff4dbe9",
        poll_interval_min=10,  # 5 use up the quota before the day is over (bimmerconnected/bimmer_connected issue 528)
    ),
    Region.REST_OF_WORLD: _Facts(
        code="row",
        api_host="cocoapi.bmwgroup.com",
        subscription_key="4f1c85a3-758f-a37d-bbb6-f8704494acfa",
        captcha_page="https://bimmer-connected.readthedocs.io/en/stable/captcha/rest_of_world.html",
        captcha_site_key="7244955f-8f30-4445-adff-4fefe059f815",
    ),
    Region.CHINA: _Facts(code="cn", api_host="myprofile.bmw.com.cn", has_shifted_positions=True),
}


def may_hear_secrets(address: str) -> bool:
    """Whether a password or token may be sent to an address that the cloud named: it has to be BMW's own, encrypted.

    It also has to be plain: the usual port, no name of a user, nothing behind the path. While all requests are
    redirected to this machine, only the very place they are redirected to may hear them.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return False
    if url.userinfo or url.query or url.fragment:
        return False
    if (here := loopback()) is not None:
        there = httpx.URL(here)
        return (url.scheme, url.netloc) == (there.scheme, there.netloc)
    is_usual = url.scheme == "https" and url.port is None  # httpx's word for the usual port, also where it is named
    return is_usual and _BMW_HOST.fullmatch(url.raw_host.decode()) is not None
