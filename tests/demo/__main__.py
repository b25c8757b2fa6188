"""Starts a cloud, a Home Assistant that is signed in at it, and a dashboard; stops them all on Ctrl-C."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
import asyncio
import logging
import os
from pathlib import Path
import signal
import sys
import time
from typing import Final

from homeassistant.const import __version__ as hass_version

from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM
from tests.simulator import DEMO_USERNAMES, SWITCHBOARD, Age, Simulator
from tests.simulator.garage import LivingCar
from tests.simulator.options import add_car_options, add_fault_option
from tests.simulator.stream import Which

from . import DemoError
from .accounts import (
    FIRST_CARS,
    customer_of,
    now,
    open_neighbor,
    open_partner,
    sign_in_to_cardata,
    sign_in_to_mybmw,
)
from .dashboard import dashboard
from .hass import is_free, keep_running
from .history import DAYS, record_the_past
from .home import Home
from .owner import POLL_S, Owner, ShownCar

_BEGAN: Final = float(os.environ.pop("MYBMW_DEMO_BEGAN", time.time()))
"""When somebody started the demo, which is some imports ago; scripts/demo tells."""

_LAST_PORT: Final = 65535
_HOME: Final = Path(__file__).parents[2] / ".dev" / "demo-home"
_READY_WITHIN_S: Final = 90
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _say(text: str) -> None:
    print(f"demo: {text}", flush=True)  # noqa: T201


def _cars(number: int) -> str:
    return f"{number} car" if number == 1 else f"{number} cars"


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number <= _LAST_PORT:
        raise ValueError(text)
    return number


def _arguments() -> Namespace:
    parser = ArgumentParser(
        prog="scripts/demo",
        description="Starts a simulated BMW cloud and a real Home Assistant with its cars. Ctrl-C stops both.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=_port, default=8123, help="where Home Assistant answers, on 127.0.0.1")
    add_car_options(parser, cars=",".join(FIRST_CARS), speed=30)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="forget everything of earlier starts; accounts added by hand always are",
    )
    parser.add_argument("--home", type=Path, default=_HOME, help="the config folder of Home Assistant")
    add_fault_option(parser, when="as soon as the cars are there")
    arguments = parser.parse_args()
    if not is_free(arguments.port):
        parser.error(f"port {arguments.port} is in use; choose another with --port")
    return arguments


async def _main(arguments: Namespace) -> None:
    """Play until there is a signal to stop. Further signals change nothing: stopping has begun and is not long."""
    playing = asyncio.create_task(_play(arguments))
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            _say("stopping")
            playing.cancel()

    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await playing
    except asyncio.CancelledError:
        _say("stopped")


async def _play(arguments: Namespace) -> None:
    home = Home(arguments.home.resolve())
    with home.occupied(fresh=arguments.fresh):
        async with Simulator(
            cars=arguments.cars, age=Age.FRESH, speed=arguments.speed, seed=arguments.seed, stream=Which.AMQTT
        ) as cloud:
            _say(f"BMW's cloud is at {cloud.url}, with {_cars(len(cloud.garage))}")
            os.environ[LOOPBACK] = cloud.url
            os.environ[LOOPBACK_STREAM] = f"127.0.0.1:{cloud.stream.port}"
            os.environ[LOOPBACK_CA] = cloud.stream.ca_file
            await home.furnish(port=arguments.port)
            await home.add(await sign_in_to_mybmw())
            garages = {"mybmw": cloud.garage}
            if partner := open_partner(cloud):
                await home.add(await sign_in_to_cardata(cloud, partner))
                garages["cardata"] = partner.garage
                _say(f"a second account is signed in to BMW CarData, with {_cars(len(partner.garage))}, streaming")
            states = await record_the_past(home.folder, garages, now())
            _say(f"the last {DAYS} days of the cars are in its history: {states} states, and their statistics")
            _say(f"starting Home Assistant {hass_version} in {home.folder}")
            async with asyncio.TaskGroup() as group:
                group.create_task(keep_running(home))
                url = f"http://127.0.0.1:{arguments.port}"
                cars, refresh = await _ready(url, sum(len(garage) for garage in garages.values()))
                home.hang(dashboard(cars, refresh=refresh, switchboard=f"{cloud.url}{SWITCHBOARD}/"))
                _say(f"{_cars(len(cars))} with {sum(len(car.entities) for car in cars)} entities are there")
                _invite(cloud)
                _say(f"what goes wrong at BMW's cloud is chosen at {cloud.url}{SWITCHBOARD}/")
                for fault in arguments.fault:
                    cloud.switchboard.switch_on(fault)
                    _say(f"the fault {fault} is on; Home Assistant meets it within a minute")
                _say(f"ready after {time.time() - _BEGAN:.0f} s: open {url} (Ctrl-C stops)")


def _invite(cloud: Simulator) -> None:
    """Say what can be tried by hand."""
    neighbor = open_neighbor(cloud)
    if neighbor:
        _say(
            f"to try how an account is added, add MyBMW once more: {neighbor.username}, "
            f"password {neighbor.password}, region rest of world, with {_cars(len(neighbor.garage))}"
        )
    if neighbor and (living := [car for car in neighbor.garage if isinstance(car, LivingCar)]):
        client_id = customer_of(cloud, neighbor).client_id
        _say(f"or add it through BMW CarData, with {_cars(len(living))}: client id {client_id}")
    if any(isinstance(car, LivingCar) for car in cloud.garage):
        client_id = cloud.cardata.customer().client_id
        _say(f"to try how one changes to BMW CarData, reconfigure {DEMO_USERNAMES['row']}: client id {client_id}")


async def _ready(url: str, expected: int) -> tuple[list[ShownCar], list[str]]:
    """Wait until Home Assistant is up and shows all cars; they, and the buttons that refresh them."""
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            owner = await Owner.sign_in(url)
            try:
                while True:
                    if await owner.is_up() and len(cars := await owner.cars()) == expected:
                        return cars, await owner.refresh_buttons()
                    await asyncio.sleep(POLL_S)
            finally:
                await owner.sign_out()
    except TimeoutError:
        message = f"Home Assistant did not show {expected} cars within {_READY_WITHIN_S} s; its log may tell why"
        raise DemoError(message) from None


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    try:
        asyncio.run(_main(_arguments()))
    except* DemoError as failures:
        for failure in failures.exceptions:
            _say(str(failure))
        sys.exit(1)
