"""An owner's way through Home Assistant's own pages, on the real demo, in a real browser."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import Final

from playwright.async_api import BrowserContext, Locator, Page, async_playwright
import pytest

from tests.demo_process import READY_WITHIN_S, demo, free_port, said
from tests.recorded import RECORDED_CARS
from tests.simulator.living import LIVING_CARS

INTEGRATION: Final = "/config/integrations/integration/mybmw"
PATIENCE_MS: Final = 30_000
DRIVEN_WITHIN_MS: Final = 100_000
PICTURES_ARE_SHOWN: Final = """count => {
  const images = root => [...root.querySelectorAll("*")].flatMap(element => [
    ...(element instanceof HTMLImageElement && element.src.includes("/api/image_proxy/") ? [element] : []),
    ...(element.shadowRoot ? images(element.shadowRoot) : []),
  ]);
  return images(document).filter(image => image.complete && image.naturalWidth).length >= count;
}"""
"""Whether at least so many pictures of image entities have arrived."""

CODE: Final = "2468"
IS_KNOWN: Final = """entity => Number(document.querySelector("home-assistant").hass.states[entity]?.state)"""
"""The number that an entity shows, as soon as there is one."""
HAS_GROWN: Final = """([entity, before]) =>
  Number(document.querySelector("home-assistant").hass.states[entity].state) > before"""
"""Whether an entity shows more than it did."""

OURS, NEIGHBORS = "d…o@e…", "n…r@e…"

pytestmark = pytest.mark.usefixtures("socket_enabled")


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
        """Have this go wrong, and nothing else."""
        await self.switchboard.get_by_role("button", name="Everything off").click()
        await self.switchboard.get_by_role("switch", name=fault, exact=True).check()
        await self.switchboard.get_by_text(re.compile(r"struck \d")).wait_for()

    async def reload(self, account: str) -> None:
        """Reload an account, from its menu."""
        await self.account(account).get_by_label("Menu").first.click()
        await self.home.get_by_role("menuitem", name="Reload").first.click()

    def account(self, title: str) -> Locator:
        """An account on the integration's page, with its cars."""
        return self.home.locator("ha-config-entry-row").filter(has_text=title)

    @property
    def dialog(self) -> Locator:
        """The dialog that leads through signing in."""
        return self.home.locator("dialog-data-entry-flow")

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

    async def solve_captcha(self) -> None:
        """Choose to solve the captcha here, and tick the box in the tab that opens."""
        async with self.context.expect_page() as opening:
            await self.dialog.get_by_text("Here, in a new tab").click()
        tab = await opening.value
        await tab.get_by_label("I am human").dispatch_event("click")  # the tab may close before it could be seen ticked
        await self.home.bring_to_front()


@asynccontextmanager
async def desk(chromium: str, home: Path, *arguments: str) -> AsyncGenerator[Desk]:
    """The demo under way, and a browser in front of it."""
    port = free_port()
    async with demo("--port", str(port), "--home", str(home), *arguments) as process, async_playwright() as playwright:
        async with asyncio.timeout(READY_WITHIN_S):
            told = await said(process, until="ready after")
        [switchboard] = re.findall(r"http://\S+/_switchboard/", told)
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"],  # which it cannot have in a container
        )
        try:
            context = await browser.new_context(
                base_url=f"http://127.0.0.1:{port}", locale="en-US", viewport={"width": 1280, "height": 900}
            )
            context.set_default_timeout(PATIENCE_MS)
            pages = await context.new_page(), await context.new_page()
            await pages[1].goto(switchboard)
            yield Desk(context=context, home=pages[0], switchboard=pages[1], told=told)
        finally:
            await browser.close()


async def test_an_owners_way(chromium: str, tmp_path: Path) -> None:
    async with desk(chromium, tmp_path / "home") as owner:
        await sees_the_dashboard(owner)
        await refreshes(owner)
        await adds_an_account(owner)
        await downloads_diagnostics(owner)
        await signs_in_again(owner)
        await reads_a_repair_message(owner)
        await reads_how_the_accounts_are(owner)


async def sees_the_dashboard(owner: Desk) -> None:
    """Nobody has to sign in on this machine."""
    await owner.home.goto("/")
    for model in LIVING_CARS.values():
        await owner.home.get_by_text(model.identity.model, exact=True).first.wait_for()
    await owner.home.wait_for_function(PICTURES_ARE_SHOWN, arg=len(LIVING_CARS))


async def refreshes(owner: Desk) -> None:
    """All cars at once: BMW is asked for its lists of cars, which an update by itself does once an hour."""
    lists = owner.switchboard.get_by_text(re.compile(r"POST \S+/vehicle-list"))
    asked = await lists.count()
    await owner.home.get_by_role("button", name="Refresh all cars now").first.click()
    await lists.nth(asked).wait_for()


async def adds_an_account(owner: Desk) -> None:
    """The neighbor's, with the captcha solved in another tab; its cars are there at once."""
    await owner.add_account("MyBMW account")
    await owner.dialog.locator("input").nth(0).fill("neighbor@example.com")
    await owner.dialog.locator("input").nth(1).fill("demo")
    await owner.dialog.get_by_role("button", name="Submit").click()
    await owner.solve_captcha()
    await owner.dialog.get_by_role("button", name="Skip and finish").click()
    for name in ("i4 eDrive40", "iX xDrive50"):
        await owner.account(NEIGHBORS).get_by_text(name, exact=True).wait_for()


async def test_cardata_from_the_client_id_to_the_first_live_value(chromium: str, tmp_path: Path) -> None:
    """A day of the cars passes in ten seconds: this one may stand for a whole weekend before it is driven."""
    async with desk(chromium, tmp_path / "home", "--cars", "I5", "--speed", "8640") as owner:
        [client_id] = re.findall(r"through BMW CarData.* client id (\S+)", owner.told)
        await owner.add_account("BMW CarData")
        await owner.dialog.locator("input").fill(client_id)
        await owner.dialog.get_by_role("button", name="Submit").click()
        await owner.approve_code()
        await owner.dialog.get_by_role("button", name="Submit").click()
        await owner.dialog.get_by_text("First message.").wait_for()
        await owner.dialog.get_by_text("Done", exact=True).click()
        await owner.dialog.get_by_role("button", name="Finish").click()
        await owner.account("CarData").get_by_text("M240i xDrive", exact=True).click()
        await sees_a_car_drive(owner, "sensor.m240i_xdrive_mileage")


async def sees_a_car_drive(owner: Desk, entity_id: str) -> None:
    """What the page shows of it changes without anybody asking."""
    before = await owner.home.wait_for_function(IS_KNOWN, arg=entity_id)
    await owner.home.wait_for_function(HAS_GROWN, arg=[entity_id, await before.json_value()], timeout=DRIVEN_WITHIN_MS)


async def downloads_diagnostics(owner: Desk) -> None:
    """From the page of a car; they do not tell which car it is."""
    await owner.account(NEIGHBORS).get_by_text("i4 eDrive40", exact=True).click()
    serial_number = owner.home.get_by_text(re.compile("Serial number:"))
    vin = (await serial_number.inner_text()).rpartition(" ")[2]
    async with owner.home.expect_download() as downloading:
        await owner.home.get_by_text("Download diagnostics").click()
    text = (await (await downloading.value).path()).read_text(encoding="utf-8")
    assert json.loads(text)["data"]
    assert len(vin) == 17
    assert vin not in text


async def signs_in_again(owner: Desk) -> None:
    """After BMW has forgotten who was signed in."""
    await owner.open_integration()
    await owner.account(OURS).get_by_text("Cooper SE", exact=True).wait_for()
    await owner.play("sign-in-ended")
    await owner.reload(OURS)
    await owner.account(OURS).get_by_text("BMW no longer accepts the stored sign-in").wait_for()
    await owner.switchboard.get_by_role("button", name="Everything off").click()
    await owner.home.get_by_role("button", name="Reconfigure").click()
    await owner.dialog.locator("input").last.fill("demo")
    await owner.dialog.get_by_role("button", name="Submit").click()
    await owner.solve_captcha()
    await owner.account(OURS).get_by_text("BMW no longer accepts the stored sign-in").wait_for(state="detached")


async def reads_a_repair_message(owner: Desk) -> None:
    """When BMW blocks the account."""
    await owner.open_integration()
    await owner.account(OURS).get_by_text("Cooper SE", exact=True).wait_for()
    await owner.play("blocked-data")
    await owner.reload(OURS)
    await owner.account(OURS).get_by_text("BMW blocks every client but its own app").wait_for()
    await owner.home.goto("/config/repairs")
    await owner.home.get_by_text(f"BMW blocks {OURS}").first.click()
    await owner.dialog.get_by_text("Stay, and look again").click()
    await owner.home.get_by_text("this integration will not fake one").wait_for()
    await owner.home.get_by_role("button", name="Look again now").click()
    await owner.home.get_by_text("BMW was asked a short while ago").wait_for()


async def reads_how_the_accounts_are(owner: Desk) -> None:
    """Among what Home Assistant tells of itself; one account is blocked, the others are well."""
    await owner.home.goto("/config/repairs?dialog=system-health")
    await owner.home.get_by_text("blocked | reachable").wait_for()


async def test_commanding(chromium: str, tmp_path: Path) -> None:
    async with desk(chromium, tmp_path / "home", "--cars", "G26") as owner:
        await wants_a_code(owner)
        await owner.home.goto(f"/my-bmw/car-{RECORDED_CARS['G26'].vin[-8:].lower()}")
        await unlocks_and_locks(owner)
        await flashes(owner)
        await sets_a_target(owner)


async def wants_a_code(owner: Desk) -> None:
    """For unlocking, in the options of the account."""
    await owner.open_integration()
    await owner.account(OURS).get_by_label("Configure").first.click()
    await owner.dialog.locator("input").first.fill("5")  # the demo asks more often than an owner may
    await owner.dialog.locator("input").last.fill(CODE)
    await owner.dialog.get_by_role("button", name="Submit").click()
    await owner.dialog.get_by_role("button", name="Finish").click()


async def unlocks_and_locks(owner: Desk) -> None:
    """With the code; with a wrong one the car stays locked."""
    lock = tile(owner, "Lock")
    await lock.get_by_text("Locked", exact=True).wait_for()
    await enter_code(owner, "Unlock", "1357")
    await owner.home.get_by_text("That is not the code for unlocking").first.wait_for()
    await enter_code(owner, "Unlock", CODE)
    await lock.get_by_text("Unlocking", exact=True).wait_for()
    await lock.get_by_text("Unlocked", exact=True).wait_for()
    await logged(owner, "Unlock: Executed")
    await enter_code(owner, "Lock", CODE)
    await lock.get_by_text("Locked", exact=True).wait_for()
    await logged(owner, "Lock: Executed")


async def flashes(owner: Desk) -> None:
    await tile(owner, "Flash lights").get_by_role("button", name="Press").last.click()
    await logged(owner, "Flash lights: Executed")


async def sets_a_target(owner: Desk) -> None:
    """One step down; the car's own report has it, too."""
    target = tile(owner, "Target SoC")
    slider = target.get_by_role("slider")
    before = int(await slider.get_attribute("aria-valuenow") or "")
    await slider.press("ArrowLeft")
    await logged(owner, "Change charging settings: Executed")
    await tile(owner, "Charging target").get_by_text(f"{before - 5}%").wait_for()
    await target.get_by_text(f"{before - 5}%").first.wait_for()


def tile(owner: Desk, name: str) -> Locator:
    """The tile of an entity on the dashboard."""
    return owner.home.locator("hui-tile-card").filter(has=owner.home.get_by_text(name, exact=True))


async def enter_code(owner: Desk, command: str, code: str) -> None:
    """Press one of the lock's buttons, and give the code that Home Assistant asks for."""
    await tile(owner, "Lock").get_by_role("button", name=command, exact=True).click()
    asking = owner.home.locator("dialog-enter-code")
    await asking.locator("input").fill(code)
    await asking.get_by_role("button", name=command, exact=True).click()


async def logged(owner: Desk, sentence: str) -> None:
    """Wait until the activity log says so; it draws only what is in sight."""
    log = owner.home.locator("hui-logbook-card")
    await log.scroll_into_view_if_needed()
    await log.get_by_text(sentence).first.wait_for()
