"""An owner's way through Home Assistant's own pages, on the real demo, in a real browser."""

import json
from pathlib import Path
import re
from typing import Final

from playwright.async_api import Locator
import pytest

from tests.recorded import RECORDED_CARS
from tests.simulator.living import LIVING_CARS

from .desk import NEIGHBORS, OURS, Desk, desk, sees

PICTURES_ARE_SHOWN: Final = """count => {
  const images = root => [...root.querySelectorAll("*")].flatMap(element => [
    ...(element instanceof HTMLImageElement && element.src.includes("/api/image_proxy/") ? [element] : []),
    ...(element.shadowRoot ? images(element.shadowRoot) : []),
  ]);
  return images(document).filter(image => image.complete && image.naturalWidth).length >= count;
}"""
"""Whether at least so many pictures of image entities have arrived."""

CODE: Final = "2468"

pytestmark = pytest.mark.usefixtures("socket_enabled")


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
    await lists.first.wait_for()
    asked = await lists.count()
    await tile(owner, f"MyBMW account {OURS}").get_by_role("button", name="Refresh all cars now").click()
    await lists.nth(asked).wait_for()


async def adds_an_account(owner: Desk) -> None:
    """The neighbor's, with the captcha solved in another tab; its cars are there at once."""
    await owner.add_account("MyBMW account")
    await owner.sign_in_by_password("neighbor@example.com")
    await owner.dialog.get_by_role("button", name="Skip and finish").click()
    for name in ("i4 eDrive40", "iX xDrive50"):
        await owner.car(NEIGHBORS, name).wait_for()


async def downloads_diagnostics(owner: Desk) -> None:
    """From the page of a car; they do not tell which car it is."""
    await owner.car(NEIGHBORS, "i4 eDrive40").click()
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
    await owner.car(OURS, "Cooper SE").wait_for()
    await owner.play("sign-in-ended")
    await owner.reload(OURS)
    await owner.account(OURS).get_by_text("BMW no longer accepts the stored sign-in").wait_for()
    await owner.switchboard.get_by_role("button", name="Everything off").click()
    await owner.home.get_by_role("button", name="Reconfigure").click()
    await owner.fill_in("Password", "demo")
    await owner.dialog.get_by_role("button", name="Submit").click()
    await owner.solve_captcha()
    await owner.account(OURS).get_by_text("BMW no longer accepts the stored sign-in").wait_for(state="detached")


async def reads_a_repair_message(owner: Desk) -> None:
    """When BMW blocks the account."""
    await owner.open_integration()
    await owner.car(OURS, "Cooper SE").wait_for()
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
        await reads_why_a_car_did_not(owner)
        await sets_a_target(owner)


async def wants_a_code(owner: Desk) -> None:
    """For unlocking, in the options of the account."""
    await owner.open_integration()
    await owner.account(OURS).get_by_label("Configure").first.click()
    await owner.fill_in("Code for unlocking", CODE)
    await owner.dialog.get_by_role("button", name="Submit").click()
    await owner.dialog.get_by_role("button", name="Finish").click()


async def unlocks_and_locks(owner: Desk) -> None:
    """With the code; with a wrong one the car stays locked."""
    lock = tile(owner, "Lock")
    await lock.get_by_text("Locked", exact=True).wait_for()
    async with sees(owner.home.get_by_text("That is not the code for unlocking")):
        await enter_code(owner, "Unlock", "1357")
    async with sees(lock.get_by_text("Unlocking", exact=True)):
        await enter_code(owner, "Unlock", CODE)
    await lock.get_by_text("Unlocked", exact=True).wait_for()
    await logged(owner, "Unlock: Executed")
    await enter_code(owner, "Lock", CODE)
    await lock.get_by_text("Locked", exact=True).wait_for()
    await logged(owner, "Lock: Executed")


async def flashes(owner: Desk) -> None:
    await tile(owner, "Flash lights").get_by_role("button", name="Press").last.click()
    await logged(owner, "Flash lights: Executed")


async def reads_why_a_car_did_not(owner: Desk) -> None:
    """In the words of the car; and then the next command may come."""
    await owner.prepare("charging-mode-not-set")
    async with sees(owner.home.get_by_text("The car could not do it. Its words: CHARGING_MODE_NOT_SET")):
        await tile(owner, "Flash lights").get_by_role("button", name="Press").last.click()
    await logged(owner, "Flash lights: Failed · The car says so · CHARGING_MODE_NOT_SET")
    await tile(owner, "Command status").get_by_text("Idle", exact=True).wait_for()
    await owner.switchboard.get_by_role("button", name="Everything off").click()


async def sets_a_target(owner: Desk) -> None:
    """One step down; the car's own report has it, too."""
    target = tile(owner, "Target SoC")
    slider = target.locator("[role=slider][aria-valuenow]")
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
