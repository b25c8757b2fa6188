"""The simulator's doors let in those who sign in as the application does, and nobody else."""

import base64
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
import hashlib
import os
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_public_key
import httpx
import pytest

from tests.simulator import DEMO_PASSWORD, Simulator
from tests.simulator.china_nonce import is_nonce_of

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
VERIFIER: Final = "a-verifier-of-some-length~1234567890"
PHONE: Final = "8613912345678"
ROW_SITE_KEY: Final = "7244955f-8f30-4445-adff-4fefe059f815"
NA_SITE_KEY: Final = "dc24de9a-9844-438b-b542-60067ff4dbe9"
ROW_KEY: Final = "4f1c85a3-758f-a37d-bbb6-f8704494acfa"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def cloud() -> AsyncGenerator[Simulator]:
    async with Simulator(cars=["G26"], clock=lambda: NOW) as cloud:
        yield cloud


@pytest.fixture
async def app(cloud: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=cloud.url, headers=introduction("row")) as app:
        yield app


def introduction(region: str) -> dict[str, str]:
    return {"x-user-agent": f"android(AP2A.735595.124);bmw;4.9.2(36892);{region}"}


def session(key: str) -> dict[str, str]:
    correlation = str(uuid4())
    return {
        "ocp-apim-subscription-key": key,
        "bmw-session-id": str(uuid4()),
        "x-identity-provider": "gcdm",
        "x-correlation-id": correlation,
        "bmw-correlation-id": correlation,
    }


async def configuration(app: httpx.AsyncClient) -> Mapping[str, str]:
    answer = await app.get("/eadrax-ucs/v1/presentation/oauth/config", headers=session(ROW_KEY))
    assert answer.status_code == 200
    return {key: " ".join(value) if isinstance(value, list) else str(value) for key, value in answer.json().items()}


def attempt(config: Mapping[str, str]) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    return {
        "client_id": config["clientId"],
        "response_type": "code",
        "scope": config["scopes"],
        "redirect_uri": config["returnUrl"],
        "state": "some-state",
        "nonce": "some-nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


async def send_password(
    app: httpx.AsyncClient, config: Mapping[str, str], *, password: str = DEMO_PASSWORD, captcha: str = "P1_one"
) -> httpx.Response:
    form = {"grant_type": "authorization_code", "username": "demo@example.com", "password": password}
    return await app.post("/gcdm/oauth/authenticate", data=attempt(config) | form, headers={"hcaptchatoken": captcha})


async def send_authorization(app: httpx.AsyncClient, config: Mapping[str, str], authorization: str) -> httpx.Response:
    return await app.post(
        "/gcdm/oauth/authenticate",
        params={"interaction-id": str(uuid4()), "client-version": introduction("row")["x-user-agent"]},
        data=attempt(config) | {"authorization": authorization},
    )


async def send_code(
    app: httpx.AsyncClient, config: Mapping[str, str], code: str, *, verifier: str = VERIFIER, secret: str = ""
) -> httpx.Response:
    return await app.post(
        config["tokenEndpoint"],
        auth=(config["clientId"], secret or config["clientSecret"]),
        data={
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": config["returnUrl"],
        },
    )


async def send_refresh_token(app: httpx.AsyncClient, config: Mapping[str, str], token: str) -> httpx.Response:
    return await app.post(
        config["tokenEndpoint"],
        auth=(config["clientId"], config["clientSecret"]),
        data={
            "grant_type": "refresh_token",
            "refresh_token": token,
            "scope": config["scopes"],
            "redirect_uri": config["returnUrl"],
        },
    )


def in_address(address: str, key: str) -> str:
    return parse_qs(urlsplit(address).query)[key][0]


async def code(app: httpx.AsyncClient, config: Mapping[str, str], *, captcha: str = "P1_one") -> str:
    answer = await send_password(app, config, captcha=captcha)
    redirect = str(answer.json()["redirect_to"]).removeprefix("redirect_uri=")
    answer = await send_authorization(app, config, in_address(redirect, "authorization"))
    return in_address(answer.headers["location"], "code")


async def test_a_sign_in_brings_tokens(cloud: Simulator, app: httpx.AsyncClient) -> None:
    config = await configuration(app)
    answer = await send_password(app, config)
    redirect = answer.json()["redirect_to"]
    assert redirect.startswith("redirect_uri=com.bmw.connected://oauth?")

    answer = await send_authorization(app, config, in_address(redirect, "authorization"))
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("com.bmw.connected://oauth?")
    assert in_address(answer.headers["location"], "state") == "some-state"
    assert in_address(answer.headers["location"], "nonce") == "some-nonce"

    tokens = (await send_code(app, config, in_address(answer.headers["location"], "code"))).json()
    account = cloud.accounts.with_gcid(tokens["gcid"])
    assert account
    assert account.region == "row"
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert cloud.accounts.who_asks(tokens["access_token"]) is account


@pytest.mark.parametrize(
    "wrong", [{"password": "no"}, {"captcha": ""}, {"captcha": "P0_one"}], ids=["password", "no captcha", "captcha"]
)
async def test_a_stranger_stays_outside(app: httpx.AsyncClient, wrong: Mapping[str, str]) -> None:
    answer = await send_password(app, await configuration(app), **wrong)
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


async def test_a_captcha_token_works_once_even_with_a_wrong_password(app: httpx.AsyncClient) -> None:
    config = await configuration(app)
    assert (await send_password(app, config, password="no")).status_code == 401
    assert (await send_password(app, config)).status_code == 401
    assert (await send_password(app, config, captcha="P1_two")).status_code == 200


async def tick_the_box(app: httpx.AsyncClient, site_key: str) -> httpx.Response:
    """Do what the script of the widget does in a browser."""
    return await app.post("/_captcha/token", content=site_key)


async def test_the_widget_stands_in_for_the_real_one(app: httpx.AsyncClient) -> None:
    script = await app.get("/_captcha/api.js")

    assert script.headers["content-type"].startswith("text/javascript")
    for name in (".h-captcha", "dataset.callback", "dataset.errorCallback", "h-captcha-response"):
        assert name in script.text


async def test_a_token_of_the_widget_works_once(app: httpx.AsyncClient) -> None:
    config = await configuration(app)
    solved = await tick_the_box(app, ROW_SITE_KEY)
    assert solved.headers["access-control-allow-origin"] == "*", "a page of Home Assistant is to read it"

    assert (await send_password(app, config, captcha=solved.text)).status_code == 200
    assert (await send_password(app, config, captcha=solved.text)).status_code == 401


async def test_a_token_of_another_region_is_worthless(app: httpx.AsyncClient) -> None:
    solved = await tick_the_box(app, NA_SITE_KEY)
    assert (await send_password(app, await configuration(app), captcha=solved.text)).status_code == 401


async def test_an_unknown_site_key_has_no_captcha(app: httpx.AsyncClient) -> None:
    assert (await tick_the_box(app, "10000000-ffff-ffff-ffff-000000000001")).status_code == 400


async def test_everything_handed_out_works_once(app: httpx.AsyncClient) -> None:
    config = await configuration(app)
    authorization = in_address((await send_password(app, config)).json()["redirect_to"], "authorization")
    answer = await send_authorization(app, config, authorization)
    once = in_address(answer.headers["location"], "code")
    assert (await send_authorization(app, config, authorization)).status_code == 401
    assert (await send_code(app, config, once)).status_code == 200
    assert (await send_code(app, config, once)).status_code == 400


async def test_a_stolen_code_is_worthless_without_verifier_and_secret(app: httpx.AsyncClient) -> None:
    config = await configuration(app)
    stolen = await code(app, config)
    assert (await send_code(app, config, stolen, secret="guessed")).status_code == 401
    assert (await send_code(app, config, stolen, verifier="guessed")).status_code == 400


async def test_a_refresh_makes_the_old_token_worthless(cloud: Simulator, app: httpx.AsyncClient) -> None:
    config = await configuration(app)
    first = (await send_code(app, config, await code(app, config))).json()
    second = (await send_refresh_token(app, config, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert cloud.accounts.who_asks(second["access_token"])

    again = await send_refresh_token(app, config, first["refresh_token"])
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_request"

    cloud.accounts.forget_refresh_tokens()
    assert (await send_refresh_token(app, config, second["refresh_token"])).status_code == 400


async def test_the_configuration_is_only_for_the_application(app: httpx.AsyncClient) -> None:
    path = "/eadrax-ucs/v1/presentation/oauth/config"
    assert (await app.get(path, headers=session("guessed"))).status_code == 401
    assert (await app.get(path, headers=session(ROW_KEY) | {"bmw-session-id": "1"})).status_code == 400
    assert (await app.get(path, headers=session(ROW_KEY) | introduction("mars"))).status_code == 400
    answer = await app.get(path, headers=session(ROW_KEY) | introduction("na"))
    assert answer.status_code == 401, "a region has a key of its own"


# China


def nonce(who: str, now: datetime = NOW) -> str:
    """The recipe, followed from the other end than the simulator does."""
    key, iv = os.urandom(8).hex(), os.urandom(8).hex()
    alphabet = "01234abcdefghijklmnopqrstuvwxyz56789"
    characters = list(key)
    for place in (4, 12):
        characters[place] = alphabet[35 - alphabet.index(characters[place])]
    padder = PKCS7(128).padder()
    text = f"{who}&{now:%a, %d %b %Y %H:%M:%S} GMT&{key[:8]}".encode()
    encryptor = Cipher(AES128("".join(characters).encode()), CBC(iv.encode())).encryptor()
    sealed = (encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()).hex()
    seal = hashlib.sha256(f"{key[8:]}{iv[:8]}u3.6.1{who[-4:]}{key[:8]}{iv[8:]}".encode()).hexdigest()
    return f"{key[8:]}{iv[:8]}{seal[:32]}{sealed}{key[:8]}{iv[8:]}{seal[32:]}"


@pytest.mark.parametrize("who", [PHONE, "5f7e0c86-4a4e-4b56-9f43-0f0a2ffb0b77"])
def test_a_nonce_is_for_one_customer_and_for_now(who: str) -> None:
    assert is_nonce_of(who, nonce(who), now=NOW)
    assert not is_nonce_of("8613912345679", nonce(who), now=NOW)
    assert not is_nonce_of(who, nonce(who, NOW - timedelta(minutes=6)), now=NOW)
    assert not is_nonce_of(who, nonce(who)[:-1] + "x", now=NOW)
    assert not is_nonce_of(who, "", now=NOW)


@pytest.fixture
async def china(cloud: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=cloud.url, headers=introduction("cn")) as app:
        yield app


async def solved_puzzle(china: httpx.AsyncClient, position: str = "0.81") -> str:
    answer = await china.post("/eadrax-coas/v2/cop/slider-captcha", json={"mobile": PHONE})
    puzzle = answer.json()["data"]
    assert base64.b64decode(puzzle["backGroundImg"]).startswith(b"\xff\xd8"), "a JPEG"
    await china.post("/eadrax-coas/v1/cop/check-captcha", json={"position": position, "verifyId": puzzle["verifyId"]})
    return str(puzzle["verifyId"])


async def send_china_password(
    china: httpx.AsyncClient, puzzle: str, *, password: str = DEMO_PASSWORD, for_whom: str = PHONE
) -> httpx.Response:
    answer = await china.get("/eadrax-coas/v1/cop/publickey")
    key = load_pem_public_key(str(answer.json()["data"]["value"]).encode())
    assert isinstance(key, RSAPublicKey)
    encrypted = base64.b64encode(key.encrypt(password.encode(), PKCS1v15())).decode()
    return await china.post(
        "/eadrax-coas/v2/login/pwd",
        headers={"x-login-nonce": nonce(for_whom)},
        json={"mobile": PHONE, "password": encrypted, "verifyId": puzzle, "deviceId": PHONE},
    )


async def refresh_in_china(china: httpx.AsyncClient, token: str, gcid: str) -> httpx.Response:
    return await china.post(
        "/eadrax-coas/v2/oauth/token",
        headers={"x-login-nonce": nonce(gcid)},
        data={"refresh_token": token, "grant_type": "refresh_token"},
    )


async def test_a_sign_in_in_china(cloud: Simulator, china: httpx.AsyncClient) -> None:
    answer = await send_china_password(china, await solved_puzzle(china))
    tokens = answer.json()["data"]
    account = cloud.accounts.who_asks(tokens["access_token"])
    assert account
    assert account.region == "cn"
    assert tokens["gcid"] == account.gcid

    renewed = (await refresh_in_china(china, tokens["refresh_token"], account.gcid)).json()
    assert cloud.accounts.who_asks(renewed["access_token"]) is account
    assert (await refresh_in_china(china, tokens["refresh_token"], account.gcid)).status_code == 422


async def test_a_wrong_nonce_costs_no_refresh_token(china: httpx.AsyncClient) -> None:
    tokens = (await send_china_password(china, await solved_puzzle(china))).json()["data"]
    assert (await refresh_in_china(china, tokens["refresh_token"], "somebody-else")).json()["code"] == 499200
    assert (await refresh_in_china(china, tokens["refresh_token"], tokens["gcid"])).status_code == 200


async def test_a_stranger_stays_outside_in_china(china: httpx.AsyncClient) -> None:
    unsolved = await send_china_password(china, await solved_puzzle(china, position="0.5"))
    assert unsolved.json()["code"] == 499001
    wrong_password = await send_china_password(china, await solved_puzzle(china), password="no")
    assert wrong_password.json()["code"] == 499001
    wrong_nonce = await send_china_password(china, await solved_puzzle(china), for_whom="8613900000000")
    assert wrong_nonce.json()["code"] == 499200
    puzzle = await solved_puzzle(china)
    assert (await send_china_password(china, puzzle)).status_code == 200
    assert (await send_china_password(china, puzzle)).status_code == 422
