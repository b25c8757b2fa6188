"""Runs the cloud until it is interrupted: `python -m tests.simulator --port 8199 --cars G26,I20`."""

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
import asyncio
import signal
import sys

from .cardata.sign_in import PAGE
from .garage import Age
from .options import add_car_options, add_fault_option
from .server import DEMO_PASSWORD, DEMO_USERNAMES, Simulator
from .stream import Which
from .switchboard import SWITCHBOARD


def _say(text: str) -> None:
    print(f"simulator: {text}", flush=True)  # noqa: T201


def _arguments() -> Namespace:
    parser = ArgumentParser(
        prog="python -m tests.simulator",
        description="Plays BMW's cloud.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8199, help="where to answer, on 127.0.0.1")
    add_car_options(parser, cars="recorded", speed=1)
    parser.add_argument(
        "--age", type=Age, default=Age.FRESH, choices=list(Age), help="how old the answers of recorded cars are"
    )
    parser.add_argument(
        "--stream", type=Which, choices=list(Which), help="bring CarData's stream, by this broker", default=None
    )
    parser.add_argument("--stream-port", type=int, default=8200, help="where the stream is, on 127.0.0.1")
    add_fault_option(parser, when="from the start")
    return parser.parse_args()


async def _run(arguments: Namespace) -> None:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with Simulator(
        cars=arguments.cars,
        age=arguments.age,
        port=arguments.port,
        speed=arguments.speed,
        seed=arguments.seed,
        stream=arguments.stream,
        stream_port=arguments.stream_port,
    ) as cloud:
        _say(f"{len(cloud.garage)} cars at {cloud.url}")
        for region, username in DEMO_USERNAMES.items():
            _say(f"sign in as {username} ({region}), password {DEMO_PASSWORD}")
        _say('a captcha token is any text that begins with "P1_", each once')
        _say(f"CarData's client id is {cloud.cardata.customer().client_id}; codes are entered at {cloud.url}{PAGE}")
        if arguments.stream:
            _say(f"the stream is at 127.0.0.1:{cloud.stream.port}, and {cloud.stream.ca_file} vouches for it")
        _say(f"faults can be switched on and off at {cloud.url}{SWITCHBOARD}/")
        for fault in arguments.fault:
            cloud.switchboard.switch_on(fault)
            _say(f"the fault {fault} is on")
        await interrupted.wait()


if __name__ == "__main__":
    try:
        asyncio.run(_run(_arguments()))
    except OSError as error:
        sys.exit(f"simulator: {error.strerror or error}")
