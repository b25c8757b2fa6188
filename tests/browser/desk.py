"""A browser in front of the demo, and what an owner does with it again and again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final

from playwright.async_api import BrowserContext, Locator, Page, async_playwright

from custom_components.mybmw.sources import Json
from tests.demo_process import READY_WITHIN_S, demo, free_port, said

INTEGRATION: Final = "/config/integrations/integration/mybmw"
PATIENCE_MS: Final = 90_000
"""Of a machine that has much else to do; where all is well, nobody waits so long."""
ASK: Final = """question => document.querySelector("home-assistant").hass.callWS(question)"""
"""What Home Assistant answers to a question of its own pages."""

OURS, NEIGHBORS = "d…o@e…", "n…r@e…"
"""What the account of the demo is called, and the one that waits to be added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A browser with a tab for Home Assistant and one for the switchboard; `told` is what the demo has said."""

    context: BrowserContext
    home: Page
    switchboard: Page
    told: str

    async def open_integration(self) -> None:
        """Go to the page of the integration."""
        await self.home.goto(INTEGRATION)

    async def play(self, fault: str) -> None:
        """Have this go wrong, and nothing else, and wait until it has."""
        await self.prepare(fault)
        await self.switchboard.get_by_text(re.compile(r"struck \d")).wait_for()

    async def prepare(self, fault: str) -> None:
        """Have this go wrong, and nothing else, as soon as there is an occasion."""
        await self.switchboard.get_by_role("button", name="Everything off").click()
        await self.switchboard.get_by_role("switch", name=fault, exact=True).check()

    async def reload(self, account: str) -> None:
        """Reload an account, from its menu."""
        await self.choose(account, "Reload")

    async def choose(self, account: str, item: str) -> None:
        """Choose something from the menu of an account."""
        await self.account(account).get_by_label("Menu").first.click()
        await self.account(account).get_by_role("menuitem", name=item).first.click()

    async def ask(self, **question: Json) -> Json:
        """What Home Assistant answers to its own page."""
        answer: Json = await self.home.evaluate(ASK, question)
        return answer

    def account(self, title: str) -> Locator:
        """An account on the integration's page, with its cars."""
        return self.home.locator("ha-config-entry-row").filter(has_text=title)

    def car(self, account: str, name: str) -> Locator:
        """A car of an account there; below its name is the model's, which is often the same."""
        return self.account(account).get_by_text(name, exact=True).first

    @property
    def dialog(self) -> Locator:
        """The dialog that leads through signing in."""
        return self.home.locator("dialog-data-entry-flow")

    async def fill_in(self, field: str, text: str) -> None:
        """Write into a field of the dialog; by its name, because the fields of a form arrive one by one."""
        await self.dialog.get_by_role("textbox", name=field).fill(text)

    async def add_account(self, door: str) -> None:
        """Begin to add an account through one of BMW's doors."""
        await self.open_integration()
        await self.home.get_by_role("button", name=re.compile("^Add ")).first.click()
        await self.dialog.get_by_text(door, exact=True).click()

    async def approve_code(self) -> None:
        """Open BMW's page with the code filled in, as the dialog offers it, and confirm there."""
        async with self.context.expect_page() as opening:
            await self.dialog.get_by_role("link", name="BMW's page with the code filled in").click()
        tab = await opening.value
        await tab.get_by_role("button", name="Approve").click()
        await tab.get_by_text("The device is connected.").wait_for()
        await tab.close()
        await self.home.bring_to_front()

    async def sign_in_by_password(self, username: str) -> None:
        """Fill in what MyBMW wants to know of somebody who is not known yet, and solve the captcha."""
        await self.fill_in("Username", username)
        await self.fill_in("Password", "demo")
        await self.dialog.get_by_role("button", name="Submit").click()
        await self.solve_captcha()

    async def sign_in_by_code(self, offer: str) -> None:
        """Enter the client id that the demo has offered for something, and the code at BMW's page."""
        [client_id] = re.findall(rf"{offer}.* client id (\S+)", self.told)
        await self.fill_in("Client ID", client_id)
        await self.dialog.get_by_role("button", name="Submit").click()
        await self.approve_code()
        await self.dialog.get_by_role("button", name="Submit").click()

    async def solve_captcha(self) -> None:
        """Choose to solve the captcha here, and tick the box in the tab that opens."""
        async with self.context.expect_page() as opening:
            await self.dialog.get_by_text("Here, in a new tab").click()
        tab = await opening.value
        await tab.get_by_label("I am human").dispatch_event("click")  # the tab may close before it could be seen ticked
        await self.home.bring_to_front()


@asynccontextmanager
async def sees(sight: Locator) -> AsyncGenerator[None]:
    """Have seen something on a page by the end of the block, however briefly it was there."""
    async with asyncio.TaskGroup() as watching:
        watching.create_task(sight.first.wait_for())
        yield


@asynccontextmanager
async def window(chromium: str, base_url: str) -> AsyncGenerator[BrowserContext]:
    """A browser, in front of nothing yet."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"],  # which it cannot have in a container
        )
        try:
            context = await browser.new_context(
                base_url=base_url, locale="en-US", viewport={"width": 1280, "height": 900}
            )
            context.set_default_timeout(PATIENCE_MS)
            yield context
        finally:
            await browser.close()


@asynccontextmanager
async def desk(chromium: str, home: Path, *arguments: str) -> AsyncGenerator[Desk]:
    """The demo under way, and a browser in front of it."""
    port = free_port()
    async with (
        demo("--port", str(port), "--home", str(home), *arguments) as process,
        window(chromium, f"http://127.0.0.1:{port}") as context,
    ):
        async with asyncio.timeout(READY_WITHIN_S):
            told = await said(process, until="ready after")
        [switchboard] = re.findall(r"http://\S+/_switchboard/", told)
        pages = await context.new_page(), await context.new_page()
        await pages[1].goto(switchboard)
        yield Desk(context=context, home=pages[0], switchboard=pages[1], told=told)
