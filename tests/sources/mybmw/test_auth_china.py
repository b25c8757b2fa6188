"""Signing in and staying signed in in China."""

import base64
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
import re
import struct
from typing import Literal
import zlib

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from freezegun import freeze_time
import httpx
import orjson
from PIL import Image
import pytest

from custom_components.mybmw.sources import (
    NotAllowedError,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.mybmw import sign_in
from custom_components.mybmw.sources.mybmw.auth_china import ChinaLogin, login_nonce
from custom_components.mybmw.sources.mybmw.credentials import AppIdentity, Grant
from custom_components.mybmw.sources.mybmw.slider import slider_position
from custom_components.mybmw.sources.mybmw.wire import Wire

from .cloud import (
    BLOCKED,
    CHINA_LOGIN,
    CHINA_TOKEN,
    CHINESE_ACCOUNT,
    FORBIDDEN,
    HTML,
    PUBLIC_KEY,
    PUZZLE,
    PUZZLE_CHECK,
    QUOTA,
    Clock,
    Cloud,
    Reply,
    Sleeper,
    form_of,
    json_of,
    recorded,
)

GAP_COLOR = (220, 230, 221)
REFUSED = {"data": None, "code": 499200, "error": True, "msgType": "toast", "description": "illegal login request"}


@pytest.fixture
def login(cloud: Cloud, clock: Clock, sleep: Sleeper) -> ChinaLogin:
    """The way in."""
    return ChinaLogin(CHINESE_ACCOUNT, Wire(cloud.http, clock, sleep), clock)


def old_grant(clock: Clock, gcid: str = "ceb64158-d2ca") -> Grant:
    """A grant that wants to be renewed."""
    return Grant(access_token="old", expires_at=clock(), refresh_token="refresh-0", gcid=gcid)


def opened(nonce: str) -> tuple[str, str, str]:
    """Take a nonce apart as BMW would: who made it, when, and the first half of the key; its seal is checked."""
    match = re.fullmatch(r"(.{8})(.{8})(.{32})((?:.{32})+)(.{8})(.{8})(.{32})", nonce)
    assert match
    key_2, iv_1, seal_1, secret, key_1, iv_2, seal_2 = match.groups()
    key = list(key_1 + key_2)
    alphabet = "01234abcdefghijklmnopqrstuvwxyz56789"
    for place in (4, 12):
        key[place] = alphabet[35 - alphabet.index(key[place])]
    decryptor = Cipher(AES("".join(key).encode()), CBC((iv_1 + iv_2).encode())).decryptor()
    unpadder = PKCS7(128).unpadder()
    padded = decryptor.update(bytes.fromhex(secret)) + decryptor.finalize()
    user, moment, key_half = (unpadder.update(padded) + unpadder.finalize()).decode().split("&")
    seal = sha256(f"{key_2}{iv_1}u3.6.1{user[-4:]}{key_1}{iv_2}".encode()).hexdigest()
    assert seal == seal_1 + seal_2
    assert key_half == key_1
    return user, moment, key_half


async def test_a_sign_in_request_by_request(cloud: Cloud, clock: Clock) -> None:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    cloud.replies[PUBLIC_KEY] = httpx.Response(200, json={"data": {"value": pem.replace("\n", "\r\n")}, "code": 200})
    credentials = await sign_in(CHINESE_ACCOUNT, http=cloud.http, clock=clock)

    assert [(request.method, request.url.path) for request in cloud.requests] == [
        ("GET", PUBLIC_KEY),
        ("POST", PUZZLE),
        ("POST", PUZZLE_CHECK),
        ("POST", CHINA_LOGIN),
    ]
    for request in cloud.requests:
        assert request.url.host == "myprofile.bmw.com.cn"
        assert request.headers["x-user-agent"] == f"android({credentials['build']});bmw;4.9.2(36892);cn"
        assert not request.headers.keys() & {"bmw-session-id", "ocp-apim-subscription-key", "hcaptchatoken"}
    _key, puzzle, check, password = cloud.requests
    assert json_of(puzzle) == {"mobile": "8613912345678"}
    assert json_of(check) == {"position": "0.81", "verifyId": "f40f54f1cb40463ba7188bd73e906d33"}
    form = json_of(password)
    assert isinstance(form, dict)
    secret = form.pop("password")
    assert isinstance(secret, str)
    assert key.decrypt(base64.b64decode(secret), PKCS1v15()).decode() == "s&cret ü"
    assert form == {
        "mobile": "8613912345678",
        "verifyId": "f40f54f1cb40463ba7188bd73e906d33",
        "deviceId": "8613912345678",
    }
    user, moment, _ = opened(password.headers["x-login-nonce"])
    assert (user, moment) == ("8613912345678", "Sun, 28 Nov 2021 21:28:59 GMT")

    login = orjson.loads(recorded("auth_cn_login_pwd.json").content)["data"]
    assert {key: credentials[key] for key in ("access_token", "refresh_token", "gcid")} == {
        key: login[key] for key in ("access_token", "refresh_token", "gcid")
    }


async def test_a_renewal_request_by_request(login: ChinaLogin, cloud: Cloud, clock: Clock) -> None:
    grant = await login.renew(AppIdentity.made_up(clock()), old_grant(clock))
    assert (grant.access_token, grant.refresh_token, grant.expires_at) == (
        "token-1",
        "refresh-1",
        clock() + timedelta(hours=1),
    )
    [request] = cloud.requests
    assert request.url.path == CHINA_TOKEN
    assert form_of(request) == {"refresh_token": "refresh-0", "grant_type": "refresh_token"}
    assert opened(request.headers["x-login-nonce"])[0] == "ceb64158-d2ca"


async def test_a_customer_without_a_number_can_renew_too(login: ChinaLogin, cloud: Cloud, clock: Clock) -> None:
    await login.renew(AppIdentity.made_up(clock()), old_grant(clock, gcid=""))
    assert opened(cloud.requests[0].headers["x-login-nonce"])[0] == ""


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(400, json={"error": "invalid_request"}),
        httpx.Response(401, json={"error": "invalid_token"}),
        httpx.Response(422, json=REFUSED),
        httpx.Response(200, json=REFUSED),
    ],
)
async def test_a_dead_refresh_token_takes_no_human(reply: Reply, login: ChinaLogin, cloud: Cloud, clock: Clock) -> None:
    cloud.replies[CHINA_TOKEN] = reply
    grant = await login.renew(AppIdentity.made_up(clock()), old_grant(clock))
    assert grant.gcid == "DUMMY"
    assert cloud.requests[-1].url.path == CHINA_LOGIN


async def test_an_account_that_never_signed_in_does(login: ChinaLogin, cloud: Cloud, clock: Clock) -> None:
    await login.renew(AppIdentity.made_up(clock()), None)
    assert CHINA_TOKEN not in cloud.asked
    assert cloud.asked[CHINA_LOGIN] == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(400), TryLaterError),
        (httpx.Response(401, text=HTML), TryLaterError),
        (httpx.Response(404), TryLaterError),
        (httpx.Response(500), TryLaterError),
        (httpx.Response(200, text=HTML), TryLaterError),
        (httpx.Response(200, json={}), TryLaterError),
        (httpx.Response(429), SlowDownError),
        (QUOTA, SlowDownError),
        (FORBIDDEN, NotAllowedError),
        (BLOCKED, NotAllowedError),
        (httpx.ReadTimeout(""), TryLaterError),
    ],
)
async def test_nothing_else_makes_it_sign_in_again(
    reply: Reply, error: type[SourceError], login: ChinaLogin, cloud: Cloud
) -> None:
    cloud.replies[CHINA_TOKEN] = reply
    clock = Clock()
    with pytest.raises(error):
        await login.renew(AppIdentity.made_up(clock()), old_grant(clock))
    assert set(cloud.asked) == {CHINA_TOKEN}


@pytest.mark.parametrize("path", [PUBLIC_KEY, PUZZLE, PUZZLE_CHECK, CHINA_LOGIN])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (BLOCKED, NotAllowedError),
        (QUOTA, SlowDownError),
        (FORBIDDEN, NotAllowedError),
        (httpx.Response(404), TryLaterError),
        (httpx.Response(503, text=HTML), TryLaterError),
        (httpx.Response(200, text=HTML), TryLaterError),
        (httpx.ConnectError(""), TryLaterError),
    ],
)
async def test_every_failure_has_its_meaning_at_every_step(
    path: str, reply: Reply, error: type[SourceError], login: ChinaLogin, cloud: Cloud
) -> None:
    cloud.replies[path] = reply
    with pytest.raises(error):
        await login.sign_in(AppIdentity.made_up(Clock()()))
    assert cloud.requests[-1].url.path == path


@pytest.mark.parametrize("status", [200, 400, 401, 422])
async def test_a_refused_sign_in_is_for_the_owner(
    status: Literal[200, 400, 401, 422], login: ChinaLogin, cloud: Cloud, clock: Clock
) -> None:
    cloud.replies[CHINA_LOGIN] = httpx.Response(status, json=REFUSED)
    with pytest.raises(SignInRequiredError, match="does not tell which"):
        await login.sign_in(AppIdentity.made_up(clock()))


@pytest.mark.parametrize("path", [PUBLIC_KEY, PUZZLE, PUZZLE_CHECK, CHINA_LOGIN, CHINA_TOKEN])
@pytest.mark.parametrize("status", [200, 422])
async def test_an_outage_is_nobodys_fault_and_takes_an_hour(
    path: str, status: Literal[200, 422], login: ChinaLogin, cloud: Cloud, clock: Clock
) -> None:
    cloud.replies[path] = recorded("auth_cn_login_error.json", status=status)
    grant = old_grant(clock) if path == CHINA_TOKEN else None
    with pytest.raises(SlowDownError) as raised:
        await login.renew(AppIdentity.made_up(clock()), grant)
    assert raised.value.until == clock() + timedelta(hours=1)
    assert cloud.requests[-1].url.path == path


@pytest.mark.parametrize("data", [None, {}, {"access_token": "a"}, "text"])
async def test_a_sign_in_without_tokens_passes(
    data: dict[str, str] | str | None, login: ChinaLogin, cloud: Cloud, clock: Clock
) -> None:
    cloud.replies[CHINA_LOGIN] = httpx.Response(200, json={"code": 200, "error": False, "data": data})
    with pytest.raises(TryLaterError):
        await login.sign_in(AppIdentity.made_up(clock()))


@pytest.mark.parametrize("key", ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "elliptic"])
async def test_a_key_of_another_kind_passes(key: str, login: ChinaLogin, cloud: Cloud, clock: Clock) -> None:
    if key == "elliptic":
        public = generate_ec_key(SECP256R1()).public_key()
        key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    cloud.replies[PUBLIC_KEY] = httpx.Response(200, json={"data": {"value": key}})
    with pytest.raises(TryLaterError, match="key"):
        await login.sign_in(AppIdentity.made_up(clock()))
    assert cloud.asked == {PUBLIC_KEY: 1}


async def test_a_password_too_long_for_the_key_passes(cloud: Cloud, clock: Clock) -> None:
    account = type(CHINESE_ACCOUNT)(username="86", password="x" * 500, region=CHINESE_ACCOUNT.region)
    with pytest.raises(TryLaterError, match="key"):
        await sign_in(account, http=cloud.http, clock=clock)


async def test_a_picture_that_is_not_understood_is_answered_with_nothing(
    login: ChinaLogin, cloud: Cloud, clock: Clock
) -> None:
    cloud.replies[PUZZLE] = httpx.Response(200, json={"data": {"verifyId": "1", "backGroundImg": "bm8gcGljdHVyZQ=="}})
    await login.sign_in(AppIdentity.made_up(clock()))
    assert json_of(cloud.about(PUZZLE_CHECK)[0]) == {"position": "", "verifyId": "1"}


def test_the_nonce_is_made_by_the_recipe(clock: Clock) -> None:
    nonce = login_nonce("8613912345678", clock(), key="0123456789abcdef", iv="fedcba9876543210")
    assert nonce.startswith("89abcdef" + "fedcba98")
    assert nonce[-48:-32] == "01234567" + "76543210"
    assert opened(nonce) == ("8613912345678", "Sun, 28 Nov 2021 21:28:59 GMT", "01234567")


def test_no_nonce_is_made_twice(clock: Clock) -> None:
    assert len({login_nonce("8613912345678", clock()) for _ in range(20)}) == 20


@freeze_time("2021-11-28 21:28:59")
def test_the_nonce_equals_the_reference() -> None:
    """`bimmer_connected` makes nonces from random bytes; with the same ones, ours is the same."""
    from bimmer_connected.api import utils  # noqa: PLC0415 (freezes its clock)

    random = [bytes.fromhex("0123456789abcdef" * 2), bytes.fromhex("fedcba9876543210" * 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "get_random_bytes", lambda _count: random.pop(0))
        theirs = utils.generate_cn_nonce("8613912345678")
    assert login_nonce("8613912345678", Clock()(), key="0123456789abcdef", iv="fedcba9876543210") == theirs


def picture(size: tuple[int, int], *gaps: tuple[int, int, int, int], kind: str = "PNG") -> str:
    """A dark picture with pale boxes (left, top, width, height), in base64."""
    image = Image.new("RGB", size, (40, 60, 80))
    for left, top, width, height in gaps:
        image.paste(GAP_COLOR, (left, top, left + width, top + height))
    file = BytesIO()
    image.save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def test_the_recorded_puzzle_is_solved() -> None:
    assert (
        slider_position(orjson.loads(recorded("auth_slider_captcha.json").content)["data"]["backGroundImg"]) == "0.81"
    )


@pytest.mark.parametrize(
    ("gaps", "position"),
    [
        ([(126, 10, 15, 75)], "0.5"),
        ([(126, 10, 14, 200)], ""),
        ([(126, 10, 50, 74)], ""),
        ([(126, 125, 15, 75)], "0.5"),
        ([(185, 10, 15, 75)], "0.8"),
        ([(26, 20, 15, 80), (126, 10, 15, 80)], "0.5"),  # the upper one counts
        ([(126, 10, 15, 80), (146, 10, 15, 80)], "0.5"),  # then the left one
        ([(126, 10, 15, 40), (126, 51, 15, 40)], ""),
        ([(0, 0, 15, 75)], "-0.13"),
        ([], ""),
    ],
)
def test_the_gap_is_the_first_block_that_is_large_enough(gaps: list[tuple[int, int, int, int]], position: str) -> None:
    assert slider_position(picture((200, 200), *gaps)) == position


@pytest.mark.parametrize(("off", "is_seen"), [(0, True), (15, True), (-15, True), (16, False), (-16, False)])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_the_gap_may_be_a_little_off_color(channel: int, off: int, *, is_seen: bool) -> None:
    color = list(GAP_COLOR)
    color[channel] += off
    file = BytesIO()
    Image.new("RGB", (100, 100), tuple(color)).save(file, "PNG")
    assert bool(slider_position(base64.b64encode(file.getvalue()).decode())) is is_seen


def boast(side: int) -> str:
    """A picture that claims to be larger than any."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    ).decode()


@pytest.mark.parametrize(
    "broken",
    [
        "",
        boast(60_000),
        "not base64!",
        "ümlaut",
        base64.b64encode(b"no picture").decode(),
        picture((200, 200), (126, 10, 15, 75))[:200],
        picture((590, 360), kind="JPEG")[:2000],
        picture((200, 200), (126, 10, 15, 75), kind="GIF"),
        picture((3000, 3000), (126, 10, 15, 75)),
    ],
)
def test_what_is_no_such_picture_has_no_gap(broken: str) -> None:
    assert slider_position(broken) == ""
