"""Takes the pictures of the README: `python -m tests.browser.screenshots`, with the demo's first moments in them."""

import asyncio
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Final

from playwright.async_api import async_playwright

from tests.demo_process import READY_WITHIN_S, demo, free_port, said
from tests.simulator.living import LIVING_CARS

from . import CHROMIUM

_IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
_VIEWS: Final = {"overview": "overview", "car": f"car-{LIVING_CARS['I5'].identity.vin[-8:].lower()}"}
_GRAPHS: Final = "ha-chart-base canvas"


async def _main(chromium: str) -> None:
    port = free_port()
    with TemporaryDirectory() as home:
        async with (
            demo("--port", str(port), "--home", home, "--speed", "1") as process,
            async_playwright() as playwright,
        ):
            async with asyncio.timeout(READY_WITHIN_S):
                await said(process, until="ready after")
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = await browser.new_page(
                base_url=f"http://127.0.0.1:{port}",
                locale="en-US",
                timezone_id="Europe/Berlin",
                viewport={"width": 1500, "height": 1060},
                reduced_motion="reduce",
            )
            for name, view in _VIEWS.items():
                await page.goto(f"/my-bmw/{view}")
                await page.locator(_GRAPHS).first.wait_for()
                await page.wait_for_load_state("networkidle")
                await page.screenshot(path=_IMAGES / f"{name}.png", animations="disabled")
            await browser.close()


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("screenshots: there is no Chromium (Debian: apt install chromium)")
    _IMAGES.mkdir(parents=True, exist_ok=True)
    asyncio.run(_main(CHROMIUM))
