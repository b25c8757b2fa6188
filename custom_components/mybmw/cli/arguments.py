"""What can be typed. Secrets cannot: they come from a prompt, the environment or the store."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import Final

from ..sources.mybmw import Region
from ..vehicle import LONGEST_NAME, SETTABLE_MODES, TARGETS_PERCENT, ChargingWindow, TimerChange, View, Weekday

_DAYS: Final = {name: day for day in Weekday for name in (day.value, day.value[:3])}
_ADDRESS: Final = ("name", "street", "house-number", "city", "postalcode", "country")
_SHORTEST_END: Final = 4


def parse(typed: Sequence[str]) -> Namespace:
    """Read what was typed; what makes no sense ends the program with a word of help, as argparse does."""
    return _parser().parse_args(typed)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="mybmw",
        description="Your BMW, MINI or Supra from a terminal.",
        epilog="docs/command-line.md tells about the store, the environment, the JSON of `status -j` and exit codes.",
    )
    shared = _shared()
    _add_shared(parser, is_first=True)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    login = commands.add_parser("login", parents=[shared], help="sign in, once; asks for what it needs")
    login.add_argument("--username", help="e-mail address, in China phone number (or MYBMW_USERNAME, or asked for)")
    login.add_argument(
        "--region", type=Region, choices=[*Region], help="where the account was opened (or MYBMW_REGION)"
    )

    status = commands.add_parser("status", parents=[shared], help="tell how the cars are")
    status.add_argument("-j", "--json", action="store_true", help="all of it, as one line of JSON")
    fingerprint = commands.add_parser(
        "fingerprint", parents=[shared], help="write what BMW answers into a folder, made anonymous, for a bug report"
    )
    fingerprint.add_argument("--folder", type=Path, default=Path("vehicle_fingerprint"), help="where (%(default)s)")
    image = commands.add_parser("image", parents=[shared], help="save pictures of a car")
    image.add_argument("--view", type=View, choices=[*View], action="append", help="only this side; may be repeated")
    image.add_argument("--folder", type=Path, default=Path(), help="where (the current folder)")

    commands.add_parser("lock", parents=[shared], help="lock the doors")
    unlock = commands.add_parser("unlock", parents=[shared], help="unlock the doors; asks whether that is meant")
    unlock.add_argument("--yes", action="store_true", help="do not ask")
    commands.add_parser("lightflash", parents=[shared], help="flash the lights")
    commands.add_parser("horn", parents=[shared], help="sound the horn")
    find = commands.add_parser("vehiclefinder", parents=[shared], help="have the car say where it is")
    find.add_argument("latitude", type=float, nargs="?", help="where you are; BMW tells nobody else where the car is")
    find.add_argument("longitude", type=float, nargs="?")
    for name, what in (("climate", "the climate control"), ("charge", "charging")):
        switch = commands.add_parser(name, parents=[shared], help=f"start or stop {what}")
        switch.add_argument("action", choices=["start", "stop"])
    settings = commands.add_parser("chargingsettings", parents=[shared], help="how full, and with how much current")
    settings.add_argument(
        "--target-soc",
        type=int,
        metavar="PERCENT",
        help=f"{TARGETS_PERCENT[0]} to 100 in steps of {TARGETS_PERCENT.step}",
    )
    settings.add_argument("--ac-limit", type=int, metavar="AMPERE", help="one of the values the car offers")
    _add_charging_profile(commands.add_parser("chargingprofile", parents=[shared], help="change the charging plan"))

    send = commands.add_parser("sendpoi", parents=[shared], help="send a place to the navigation")
    send.add_argument("latitude", type=float)
    send.add_argument("longitude", type=float)
    for part in _ADDRESS:
        send.add_argument(f"--{part}", default="", help=f"at most {LONGEST_NAME} characters")
    look_up = commands.add_parser(
        "sendpoi_from_address", parents=[shared], help="look an address up at a server you name, and send the place"
    )
    look_up.add_argument("address", nargs="+")
    look_up.add_argument("-n", "--name", default="", help="what the car shall call it")
    look_up.add_argument(
        "--geocoder",
        metavar="URL",
        help="search address of a Nominatim server, which gets to know it (or MYBMW_GEOCODER)",
    )
    return parser


def _shared() -> ArgumentParser:
    """The options that may also stand behind the command."""
    shared = ArgumentParser(add_help=False)
    _add_shared(shared, is_first=False)
    return shared


def _add_shared(parser: ArgumentParser, *, is_first: bool) -> None:
    parser.add_argument(
        "-v",
        "--vin",
        type=_vin,
        default=None if is_first else SUPPRESS,
        help="which car, if there are several (or MYBMW_VIN); the end of its VIN will do",
    )
    parser.add_argument(
        "--store",
        type=Path,
        default=None if is_first else SUPPRESS,
        metavar="FILE",
        help="the file of the account (or MYBMW_STORE); each account has its own",
    )
    parser.add_argument(
        "--debug", action="store_true", default=False if is_first else SUPPRESS, help="tell what is asked and answered"
    )


def _add_charging_profile(parser: ArgumentParser) -> None:
    parser.add_argument("--charging-mode", choices=[mode.value for mode in SETTABLE_MODES])
    parser.add_argument("--precondition-climate", choices=["on", "off"], help="climate control before departure")
    parser.add_argument("--window", type=_window, metavar="HH:MM-HH:MM", help="preferred hours, on the car's clock")
    parser.add_argument(
        "--timer",
        type=_timer,
        action="append",
        default=[],
        metavar="ID=PARTS",
        help="change a departure timer: on, off, HH:MM, weekdays or never, with commas (1=on,07:30,mon,tue)",
    )


def _vin(text: str) -> str:
    if len(text) < _SHORTEST_END or not text.isalnum():
        message = f"a VIN, or at least its last {_SHORTEST_END} characters"
        raise ArgumentTypeError(message)
    return text


def _clock(text: str) -> time:
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        clock = None
    if clock is None or clock.tzinfo or clock.second or clock.microsecond:
        message = f"{text} is no time such as 07:30"
        raise ArgumentTypeError(message)
    return clock


def _window(text: str) -> ChargingWindow:
    start, _, end = text.partition("-")
    return ChargingWindow(start=_clock(start), end=_clock(end))


def _timer(text: str) -> TimerChange:
    number, _, parts = text.lower().partition("=")
    if not number.isdecimal() or not parts:
        message = f"{text} does not begin with the number of a timer and ="
        raise ArgumentTypeError(message)
    is_active: bool | None = None
    departs_at: time | None = None
    weekdays: tuple[Weekday, ...] | None = None
    for part in parts.split(","):
        if part in {"on", "off"}:
            is_active = part == "on"
        elif part == "never":
            weekdays = ()
        elif day := _DAYS.get(part):
            weekdays = (*(weekdays or ()), day)
        else:
            departs_at = _clock(part)
    return TimerChange(id=int(number), is_active=is_active, weekdays=weekdays, departs_at=departs_at)
