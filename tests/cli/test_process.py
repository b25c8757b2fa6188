"""The command line as a program of its own: a real process, the real terminal or none, real time."""

import asyncio
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import signal
import sys
import tomllib
from typing import Final, Protocol

import pytest

from custom_components.mybmw.sources.loopback import LOOPBACK
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Fault, Simulator

from .terminal import CAPTCHA

REPOSITORY: Final = Path(__file__).parents[2]
MODULE: Final = ("-m", "custom_components.mybmw")
G26: Final = "WBA00000000DEMO02"
HURRY: Final = 40
"""How many times faster time passes at the cloud: the car has done everything when it is asked for the first time."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs the command line to its end."""

    async def __call__(self, *typed: str) -> Ended:
        """Run it with this typed."""


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncIterator[Simulator]:
    """A cloud in a hurry."""
    del socket_enabled
    began = datetime.now(UTC)
    async with Simulator(
        cars=["G26", "G01"],
        clock=lambda: began + (datetime.now(UTC) - began) * HURRY,
        access_lifetime=timedelta(days=30),
    ) as cloud:
        yield cloud


@pytest.fixture
def environment(cloud: Simulator, tmp_path: Path) -> dict[str, str]:
    """What a process is told."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        LOOPBACK: cloud.url,
        "MYBMW_STORE": str(tmp_path / "account.json"),
        "MYBMW_USERNAME": DEMO_USERNAMES["row"],
        "MYBMW_REGION": "rest_of_world",
        "MYBMW_PASSWORD": DEMO_PASSWORD,
        "MYBMW_CAPTCHA_TOKEN": CAPTCHA,
    }


async def start(
    environment: dict[str, str], *typed: str, terminal: int = asyncio.subprocess.DEVNULL
) -> asyncio.subprocess.Process:
    """Start a process, with a terminal in front of it or none."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *typed,
        cwd=REPOSITORY,
        env=environment,
        stdin=terminal,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if terminal == asyncio.subprocess.DEVNULL else terminal,
    )


async def end(process: asyncio.subprocess.Process) -> Ended:
    """Wait for the end of a process; no secret may be in what it said."""
    out, err = await process.communicate()
    ended = Ended(code=process.returncode or 0, out=out.decode(), err=(err or b"").decode())
    for secret in (CAPTCHA, "eyJ", DEMO_USERNAMES["row"]):
        assert secret not in ended.out + ended.err
    return ended


@pytest.fixture(autouse=True)
def heeds_ctrl_c() -> Generator[None]:
    """A shell has what it starts in the background ignore Ctrl-C, and what that starts inherits it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run the command line to its end."""

    async def _run(*typed: str) -> Ended:
        return await end(await start(environment, *MODULE, *typed))

    return _run


async def test_sign_in_look_and_lock(cloud: Simulator, run: Run) -> None:
    assert (await run("login")).code == 0
    told = await run("status", "-j")
    assert (told.code, told.err) == (0, "")
    assert {car["vin"] for car in json.loads(told.out)["vehicles"]} == {car.vin for car in cloud.garage}
    locked = await run("lock", "-v", G26)
    assert (locked.code, locked.out, locked.err) == (0, "lock, i4 eDrive40: executed\n", "")
    assert [order.service for order in cloud.orders] == ["door-lock"]


async def test_failures_are_exit_codes(cloud: Simulator, run: Run) -> None:
    assert (await run("status")).code == 3
    assert (await run("dance")).code == 2
    assert (await run("login")).code == 0
    cloud.faults[:] = [Fault(path="door-lock", fate="error:DOOR_OPEN")]
    failed = await run("lock", "-v", G26)
    assert (failed.code, failed.out) == (8, "lock, i4 eDrive40: failed; the car says so: DOOR_OPEN\n")
    cloud.faults[:] = [Fault(path="eadrax", drop=True)]
    assert (await run("status")).code == 6
    assert [order.service for order in cloud.orders] == ["door-lock"]


async def test_debugging_tells_much_but_nothing_secret(run: Run) -> None:
    assert (await run("login")).code == 0
    told = await run("--debug", "charge", "start", "-v", G26)
    assert told.code == 2
    assert "/eadrax-vcs/v4/vehicles/state (bmw): HTTP status 200" in told.err
    assert "httpx" not in told.err
    assert G26 not in told.err


@pytest.mark.parametrize(
    ("faults", "sign", "says"),
    [
        (
            [Fault(path="door-lock", fate="silent"), Fault(path="eventStatus")],
            signal.SIGTERM,
            "See in `mybmw status -j` in two min",
        ),
        ([Fault(path="door-lock", wait_s=600)], signal.SIGINT, "it was sent, and BMW may have it. See in"),
    ],
    ids=["asked to end", "Ctrl-C"],
)
async def test_who_ends_a_command_under_way_is_told_what_to_look_at(  # noqa: PLR0913, PLR0917 (a table)
    cloud: Simulator,
    run: Run,
    environment: dict[str, str],
    faults: list[Fault],
    sign: signal.Signals,
    says: str,
) -> None:
    assert (await run("login")).code == 0
    cloud.faults[:] = faults
    process = await start(environment, *MODULE, "lock", "-v", G26)
    while not faults[-1].struck:  # noqa: ASYNC110 (another process)
        await asyncio.sleep(0.05)
    process.send_signal(sign)
    ended = await end(process)
    assert ended.code == 12
    assert "nobody waits any more" in ended.err
    assert says in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("typed", "code"), [(b"", 130), (b"\x04", 2), (b"n\n", 2)])
async def test_a_question_may_be_left_unanswered(
    cloud: Simulator, run: Run, environment: dict[str, str], typed: bytes, code: int
) -> None:
    assert (await run("login")).code == 0
    ours, theirs = os.openpty()
    process = await start(environment, *MODULE, "unlock", "-v", G26, terminal=theirs)
    shown = b""
    while b"Unlock the car? [y/N] " not in shown:
        shown += await asyncio.to_thread(os.read, ours, 1000)
    if typed:
        os.write(ours, typed)
    else:
        process.send_signal(signal.SIGINT)
    assert (await end(process)).code == code
    os.close(ours)
    os.close(theirs)
    assert not cloud.orders


async def test_a_bug_is_told_without_its_words(environment: dict[str, str]) -> None:
    broken = (
        "import custom_components.mybmw.cli.run as cli\n"
        "async def take(*_): int('s3' + 'cret')\n"
        "cli.run = take\n"
        "raise SystemExit(cli.main(['status']))"
    )
    ended = await end(await start(environment, "-c", broken))
    assert ended.code == 1
    assert "ValueError" in ended.err
    assert "s3cret" not in ended.err


async def test_installed_it_needs_no_home_assistant(environment: dict[str, str], tmp_path: Path) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    module, _, function = project["project"]["scripts"]["mybmw"].partition(":")
    setuptools = project["tool"]["setuptools"]
    site = tmp_path / "site" / "mybmw"
    site.mkdir(parents=True)
    for package, folder in setuptools["package-dir"].items():
        (site / package.removeprefix("mybmw.")).symlink_to(REPOSITORY / folder)
    packages = {
        f"mybmw.{init.parent.relative_to(site)}".replace("/", ".")
        for package in setuptools["package-dir"]
        for init in (site / package.removeprefix("mybmw.")).rglob("__init__.py")
    }
    assert packages == set(setuptools["packages"])

    installed = (
        f"import sys; sys.path[:0] = [{str(site.parent)!r}]; sys.modules['homeassistant'] = None; "
        f"from {module} import {function}; raise SystemExit({function}(sys.argv[1:]))"
    )
    assert (await end(await start(environment, "-c", installed, "login"))).code == 0
    told = await end(await start(environment, "-c", installed, "--debug", "status", "-v", G26))
    assert told.code == 0, told.err
    assert "i4 eDrive40" in told.out
    assert "DEBUG mybmw.sources" in told.err
