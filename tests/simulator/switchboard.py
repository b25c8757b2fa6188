"""Faults by name, to be switched on and off while the cloud runs: from a test, over HTTP, or on a web page.

The page is at /_switchboard/; what it uses can be used by others, in JSON:

    GET     /_switchboard/faults              all faults, what they can be limited to, and which are on
    POST    /_switchboard/faults              switch one on: {"name": "blocked"}, with endpoint, car, percent, times
    DELETE  /_switchboard/faults[/<name>]     switch all or one off
    GET     /_switchboard/requests?after=<n>  what the cloud was asked, from the n-th request on
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Final

from aiohttp import web

from custom_components.mybmw.sources import Json

from .accounts import Accounts
from .faults import Fault
from .log import Asked
from .playing import ENDPOINTS, Where
from .presets import ALL_PRESETS, Preset
from .stream import StreamFault

SWITCHBOARD: Final = "/_switchboard"
"""Where all of it is."""

_PAGE: Final = Path(__file__).parent / "switchboard.html"
_LOG_LENGTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A fault that is on, and what it is limited to: an endpoint by name, a car by name (None: any).

    One of the stream has no `faults`, and is limited to nothing.
    """

    endpoint: str
    car: str | None
    percent: int
    times: int | None
    faults: tuple[Fault, ...]

    @property
    def struck(self) -> int:
        """How many requests it has struck."""
        return sum(fault.struck for fault in self.faults)


class Switchboard:
    """The switches, one for each fault with a name."""

    def __init__(
        self,
        *,
        faults: list[Fault],
        accounts: Accounts,
        requests: Sequence[Asked],
        stream_faults: set[StreamFault] | None = None,
    ) -> None:
        """Have nothing switched on; `faults` and `stream_faults` are where those that are on are put.

        Without a stream there are no faults of it.
        """
        self._faults = faults
        self._stream_faults = stream_faults
        self._accounts = accounts
        self._requests = requests
        self._switches: dict[str, Switch] = {}

    def switch_on(
        self,
        name: str,
        *,
        endpoint: str | None = None,
        car: str | None = None,
        percent: int | None = None,
        times: int | None = None,
    ) -> None:
        """Switch a fault on, anew if it is on already.

        What is not chosen is as the fault was seen; a fault that is about one car strikes the first one.

        Raises:
            ValueError: There is no such fault, endpoint or car, or a number makes no sense; says so.
        """
        preset = _one_of(ALL_PRESETS, name, "fault")
        if preset.of_stream:
            self._switch_on_stream(preset.of_stream, name, endpoint, car, percent, times)
            return
        endpoint = endpoint or preset.endpoint
        path = _one_of(ENDPOINTS, endpoint, "endpoint")
        vins = self._vins
        if car is None and preset.is_about_one_car:
            car = next(iter(vins), None)
        vin = None if car is None else _one_of(vins, car, "car")
        percent = preset.percent if percent is None else percent
        times = preset.times if times is None else times
        if not 1 <= percent <= 100:
            message = f"{percent} is no percentage from 1 to 100"
            raise ValueError(message)
        if times is not None and times < 1:
            message = f"{times} is no number of times"
            raise ValueError(message)
        faults = tuple(preset.play(Where(path=path, vin=vin, percent=percent, times=times)))
        for fault in faults:
            fault.name = name
        self.switch_off(name)
        self._faults.extend(faults)
        self._switches[name] = Switch(endpoint=endpoint, car=car, percent=percent, times=times, faults=faults)

    def _switch_on_stream(self, fault: StreamFault, name: str, *chosen: object) -> None:
        if self._stream_faults is None:
            message = "this cloud was made without a stream"
            raise ValueError(message)
        if any(choice is not None for choice in chosen):
            message = f"{name} strikes the whole stream"
            raise ValueError(message)
        self._stream_faults.add(fault)
        self._switches[name] = Switch(endpoint="", car=None, percent=100, times=None, faults=())

    def switch_off(self, name: str) -> None:
        """Switch a fault off, if it is on; what was broken by it stays broken."""
        if switch := self._switches.pop(name, None):
            if self._stream_faults and (of_stream := ALL_PRESETS[name].of_stream):
                self._stream_faults.discard(of_stream)
            for fault in switch.faults:
                self._faults.remove(fault)

    def switch_all_off(self) -> None:
        """Have nothing go wrong any more that was switched on here."""
        for name in list(self._switches):
            self.switch_off(name)

    @property
    def _vins(self) -> dict[str, str]:
        """The cars of all accounts, by name."""
        return {car.name: car.vin for account in self._accounts for car in account.garage}

    @property
    def switches(self) -> dict[str, Switch]:
        """What is on, by name."""
        return dict(self._switches)

    def routes(self) -> Iterable[web.RouteDef]:
        """Where the page and all that it uses are."""
        return (
            web.get(SWITCHBOARD, self._redirect),
            web.get(f"{SWITCHBOARD}/", self._page),
            web.get(f"{SWITCHBOARD}/faults", self._show),
            web.post(f"{SWITCHBOARD}/faults", self._switch_on),
            web.delete(f"{SWITCHBOARD}/faults", self._switch_off),
            web.delete(f"{SWITCHBOARD}/faults/{{name}}", self._switch_off),
            web.get(f"{SWITCHBOARD}/requests", self._log),
        )

    async def _redirect(self, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": f"{SWITCHBOARD}/"})

    async def _page(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(_PAGE)

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "faults": [
                    _preset_shown(preset, self._switches.get(preset.name))
                    for preset in ALL_PRESETS.values()
                    if preset.of_stream is None or self._stream_faults is not None
                ],
                "endpoints": list(ENDPOINTS),
                "cars": [{"name": name, "vin": vin} for name, vin in self._vins.items()],
            }
        )

    async def _switch_on(self, request: web.Request) -> web.Response:
        # A web page from somewhere else can send a form without being asked, but not JSON.
        try:
            wish: Json = await request.json() if request.content_type == "application/json" else None
            name, endpoint, car, percent, times = _read(wish)
            self.switch_on(name, endpoint=endpoint, car=car, percent=percent, times=times)
        except JSONDecodeError:
            return _refused("not JSON")
        except ValueError as error:
            return _refused(str(error))
        return web.json_response(_preset_shown(ALL_PRESETS[name], self._switches[name]))

    async def _switch_off(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name")
        if name is None:
            self.switch_all_off()
        elif name in ALL_PRESETS:
            self.switch_off(name)
        else:
            return _refused(f"no fault {name!r}", status=404)
        return web.Response(status=204)

    async def _log(self, request: web.Request) -> web.Response:
        after = request.query.get("after", "0")
        first = max(int(after) if after.isdecimal() else 0, len(self._requests) - _LOG_LENGTH)
        names = {vin: name for name, vin in self._vins.items()}
        return web.json_response(
            {
                "next": len(self._requests),
                "requests": [_request_shown(asked, names) for asked in self._requests[first:]],
            }
        )


def _read(wish: Json) -> tuple[str, str | None, str | None, int | None, int | None]:
    if not isinstance(wish, dict) or not isinstance(name := wish.get("name"), str):
        message = 'a fault is switched on with a JSON object: {"name": …}'
        raise ValueError(message)  # noqa: TRY004 (what is wrong came from outside)
    if unknown := wish.keys() - {"name", "endpoint", "car", "percent", "times"}:
        message = f"nothing is known of {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return name, _text(wish, "endpoint"), _text(wish, "car"), _number(wish, "percent"), _number(wish, "times")


def _text(wish: dict[str, Json], key: str) -> str | None:
    value = wish.get(key)
    if value is not None and not isinstance(value, str):
        message = f"{key} has to be a text"
        raise ValueError(message)
    return value


def _number(wish: dict[str, Json], key: str) -> int | None:
    value = wish.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        message = f"{key} has to be a whole number"
        raise ValueError(message)
    return value


def _one_of[T](known: Mapping[str, T], name: str, kind: str) -> T:
    if name not in known:
        message = f"there is no {kind} {name!r}; there are {', '.join(known)}"
        raise ValueError(message)
    return known[name]


def _preset_shown(preset: Preset, switch: Switch | None) -> dict[str, Json]:
    return {
        "name": preset.name,
        "what": preset.what,
        "seen": [{"when": seen.when, "url": seen.url} for seen in preset.seen],
        "played": preset.played,
        "endpoint": preset.endpoint,
        "is_about_one_car": preset.is_about_one_car,
        "is_of_stream": preset.of_stream is not None,
        "percent": preset.percent,
        "times": preset.times,
        "on": None
        if switch is None
        else {
            "endpoint": switch.endpoint,
            "car": switch.car,
            "percent": switch.percent,
            "times": switch.times,
            "struck": switch.struck,
        },
    }


def _request_shown(asked: Asked, names: dict[str, str]) -> dict[str, Json]:
    return {
        "at": asked.at.isoformat(timespec="seconds"),
        "method": asked.method,
        "path": asked.path,
        "car": names.get(asked.vin or "", asked.vin),
        "status": asked.status,
        "struck_by": [*asked.struck_by],
    }


def _refused(message: str, status: int = 400) -> web.Response:
    return web.json_response({"message": message}, status=status)
