"""Signing in to MyBMW in three regions, and staying so."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import orjson

from custom_components.mybmw.sources import Credentials, SourceError
from custom_components.mybmw.sources.mybmw import Account, Region, sign_in
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from tests.fuzz.line import Line, over_a_socket, straight
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.spoiler import QUOTE, Spoiler
from tests.fuzz.watch import Watch
from tests.sources.mybmw.cloud import Clock, Cloud, Sleeper, recorded

from .cloud import ACCOUNT, Keeper

_ACCOUNTS: Final = (
    ACCOUNT,
    Account(username=ACCOUNT.username, password=ACCOUNT.password, region=Region.NORTH_AMERICA),
    Account(username="8613912345678", password=ACCOUNT.password, region=Region.CHINA),
)
_CAPTCHA: Final = "P1_captcha-not-to-be-told"
_ANSWERS: Final = (
    "auth_cn_login_error.json",
    "auth_cn_login_pwd.json",
    "auth_cn_publickey.json",
    "auth_error_wrong_password.json",
    "auth_slider_captcha_check.json",
    "auth_token.json",
    "authorization_response.json",
    "oauth_config.json",
)


@asynccontextmanager
async def _opened(line: Line) -> AsyncGenerator[Case]:
    cloud = Cloud("G26")
    cloud.replies = defaultdict(lambda: httpx.Response(404), cloud.replies)
    answers = [orjson.loads(recorded(name).content) for name in _ANSWERS]
    given = [str(answer[key]) for answer in answers for key in ("access_token", "refresh_token") if key in answer]
    watch = Watch(
        QUOTE,
        *(account.username for account in _ACCOUNTS),
        ACCOUNT.password,
        _CAPTCHA,
        "clientSecret",
        "refresh-",
        *given,
    )

    async def play(seed: str) -> str:
        mutator = Mutator(seed, answers)
        account, clock, keeper = mutator.pick(_ACCOUNTS), Clock(), Keeper()
        cloud.requests.clear()
        http = connect(Spoiler(cloud.transport, mutator, 0.4))
        end = "refused"
        credentials: Credentials = {"refresh_token": "refresh-0", "gcid": "G"}
        with watch.allowing(SourceError):
            credentials = await sign_in(account, http=http, clock=clock, captcha_token=_CAPTCHA)
            end = "let in"
        source = MyBmwSource(
            account, orjson.loads(orjson.dumps(credentials)), http=http, keep=keeper, clock=clock, sleep=Sleeper()
        )
        clock.advance(hours=30)
        with watch.allowing(SourceError):
            await source.fetch()
            end += " and stayed"
        await source.close()
        await http.aclose()
        return end

    async with line() as connect:
        with watch.listening():
            yield play


SIGN_IN: Final = Room(
    name="sign-in",
    what="each answer to a sign-in or its renewal (MyBMW)",
    share=12,
    opened=lambda: _opened(straight),
)
SIGN_IN_LINE: Final = Room(
    name="sign-in-line",
    what="the same, over a socket, by the client that accounts ask with",
    share=4,
    opened=lambda: _opened(over_a_socket),
)
