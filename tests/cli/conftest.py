"""What the tests of the command line share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Simulator

from .terminal import CAPTCHA, Terminal


@pytest.fixture
def stranger(
    tmp_path: Path,
    freezer: FrozenDateTimeFactory,
    two_cars_cloud: Simulator,
) -> Iterator[Terminal]:
    """A terminal at which nobody has signed in yet.

    When the test is over, no secret may have been shown.
    """
    del two_cars_cloud  # it is there, that is all
    terminal = Terminal(folder=tmp_path, freezer=freezer)
    yield terminal
    for secret in (CAPTCHA, "eyJ", DEMO_USERNAMES["row"], f"{DEMO_PASSWORD}\n"):
        assert secret not in terminal.everything_shown


@pytest.fixture
async def terminal(stranger: Terminal) -> Terminal:
    """A terminal of somebody who has signed in."""
    await stranger.log_in()
    return stranger


@pytest.fixture
async def geocoder(two_cars_cloud: Simulator) -> AsyncIterator[str]:
    """The address of a server that looks addresses up; pages below it answer in other ways."""
    del two_cars_cloud  # which has opened the sockets
    found = {"lat": "48.1769", "lon": "11.5594", "address": {"road": "Petuelring", "house_number": "130", "town": "M"}}

    async def answer(request: web.Request) -> web.Response:
        match request.match_info.get("page"):
            case "nowhere":
                return web.json_response([])
            case "broken":
                return web.Response(text="<html>")
            case "impossible":
                return web.json_response([{"lat": "91", "lon": None}])
            case "gone":
                raise web.HTTPGone
            case _:
                assert request.query["q"] == "Petuelring 130"
                return web.json_response([found])

    app = web.Application()
    app.add_routes([web.get("/search", answer), web.get("/search/{page}", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/search"
    await runner.cleanup()
