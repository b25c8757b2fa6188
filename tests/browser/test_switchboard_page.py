"""The switches of the page, which looks every second what is on."""

import asyncio

from playwright.async_api import Route
import pytest

from tests.simulator import SWITCHBOARD, Simulator

from .desk import window

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_a_late_answer_does_not_turn_a_switch_back(chromium: str) -> None:
    """It tells what was on before the click."""
    seen, flipped = asyncio.Event(), asyncio.Event()

    async def hold_back(route: Route) -> None:
        if route.request.method != "GET" or seen.is_set():
            await route.continue_()
            return
        answer = await route.fetch()
        seen.set()
        await flipped.wait()
        await route.fulfill(response=answer)

    async with Simulator(cars=["G26"]) as cloud, window(chromium, cloud.url) as context:
        page = await context.new_page()
        await page.goto(f"{SWITCHBOARD}/")
        await page.route("**/faults", hold_back)
        await seen.wait()
        switch = page.get_by_role("switch", name="blocked", exact=True)
        await switch.check()
        async with page.expect_request("**/requests?**"):  # which the page asks next when it has shown the late answer
            flipped.set()
        assert await switch.is_checked()
