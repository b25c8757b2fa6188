"""What the application has a car do: orders are taken, delivered and executed, and the car tells of it later."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from json import JSONDecodeError
from typing import Final
from uuid import uuid4

from aiohttp import web

from custom_components.mybmw.sources import Clock, Json

from .accounts import Account
from .dialect import EMPTY_DIALOG, VIN_HEADER, RefusalError, brand_of, malformed, require
from .faults import FATE_HEADER
from .garage import Act, Car
from .mybmw import MyBmw, not_found

_REMOTE: Final = "/eadrax-vrccs/v4/presentation/remote-commands"
_CHARGING: Final = "/eadrax-crccs/v1/vehicles/{vin}"

DELIVERED_AFTER: Final = timedelta(seconds=4)
EXECUTED_AFTER: Final = timedelta(seconds=9)
"""How long after it was taken an order reaches the car, and is executed."""

TOLD_AFTER: Final = timedelta(seconds=20)
"""How long after an order was taken the car's report shows what it did."""

_CLIMATE_LASTS: Final = timedelta(minutes=30)

_LOCK: Final = "state.doorsState.combinedSecurityState"
_CLIMATE: Final = "state.climateControlState.activity"

_CAPABILITIES: Final = {
    "door-lock": "lock",
    "door-unlock": "unlock",
    "light-flash": "lights",
    "horn-blow": "horn",
    "climate-now": "climateNow",
    "charging-profile": "isChargingPlanSupported",
    "send-to-car": "sendPoi",
}
_MODES: Final = {"CHARGING_IMMEDIATELY": "IMMEDIATE_CHARGING", "TIME_SLOT": "DELAYED_CHARGING"}
_PREFERENCES: Final = {"CHARGING_IMMEDIATELY": "NO_PRESELECTION", "TIME_SLOT": "CHARGING_WINDOW"}
_FOUND_NEAR: Final = 0.0001


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order the cloud has taken: what it is (BMW's word for it), for which car, and what came with it.

    `fate` is what a fault has in mind for it, None if it takes its course.
    """

    service: str
    vin: str
    at: datetime
    query: Mapping[str, str]
    body: Mapping[str, Json]
    event_id: str = field(default_factory=lambda: str(uuid4()))
    fate: str | None = None

    def status(self, now: datetime) -> dict[str, Json]:
        """What has become of it."""
        age = now - self.at
        if age < DELIVERED_AFTER or self.fate == "offline":
            return {"eventStatus": "PENDING"}
        if age < EXECUTED_AFTER or self.fate == "silent":
            return {"eventStatus": "DELIVERED"}
        if self.fate == "ignored":
            return {"eventStatus": "IGNORED"}
        if self.fate and self.fate.startswith("error"):
            return {
                "eventStatus": "ERROR",
                "errorDetails": {
                    "title": None,
                    "description": None,
                    "presentationType": "DIALOG",
                    "iconId": None,
                    "isRetriable": False,
                    "errorDetails": self.fate.partition(":")[2] or "<no error returned>",
                },
            }
        return {"eventStatus": "EXECUTED"}


class Commands:
    """The requests that order something, and those about what became of it."""

    def __init__(self, data: MyBmw, *, clock: Clock) -> None:
        """Have taken no order yet; `data` knows who asks and about which car."""
        self._data = data
        self._clock = clock
        self.orders: list[Order] = []
        """All that were taken, in order: each is a time that a car was asked to do something."""

    def routes(self) -> Iterable[web.RouteDef]:
        """Where they are."""
        return (
            web.post(f"{_REMOTE}/{{service:door-lock|door-unlock|light-flash|horn-blow|vehicle-finder}}", self._plain),
            web.post(f"{_REMOTE}/climate-now", self._climate),
            web.post(f"{_REMOTE.replace('v4', 'v3')}/eventStatus", self._status),
            web.post(f"{_REMOTE}/eventPosition", self._position),
            web.post(f"{_CHARGING}/{{service:start-charging|stop-charging}}", self._charge),
            web.post(f"{_CHARGING}/charging-settings", self._settings),
            web.post(f"{_CHARGING}/charging-profile", self._profile),
            web.post("/eadrax-dcs/v2/user/{gcid}/send-to-car", self._destination),
        )

    async def _plain(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        account, car = self._addressee(request)
        require_nothing(await _body_of(request))
        self._need(car, service)
        effect = {}
        if service.startswith("door-"):
            effect = _lock(account.garage.state_of(car), is_locked=service == "door-lock")
        return self._take(request, car, service, effect=effect)

    async def _climate(self, request: web.Request) -> web.Response:
        _account, car = self._addressee(request)
        require_nothing(await _body_of(request))
        self._need(car, "climate-now")
        action = request.query.get("action")
        if action not in {"START", "STOP"}:
            what = "action"
            raise malformed(what)
        car.acts = [act for act in car.acts if _CLIMATE not in act.changes]
        answer = self._take(
            request, car, "climate-now", effect={_CLIMATE: "COOLING" if action == "START" else "STANDBY"}
        )
        if car.acts and action == "START":
            car.acts.append(Act(at=self._clock() + TOLD_AFTER + _CLIMATE_LASTS, changes={_CLIMATE: "STANDBY"}))
        return answer

    async def _charge(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        car = self._addressee_in_path(request)
        require_nothing(await _body_of(request))
        commands = car.capabilities.get("remoteChargingCommands")
        control = commands.get("chargingControl") if isinstance(commands, dict) else None
        if not isinstance(control, list) or service.partition("-")[0].upper() not in control:
            raise _not_allowed()
        status = "CHARGING" if service == "start-charging" else "PLUGGED_IN"
        return self._take(request, car, service, effect={"state.electricChargingState.chargingStatus": status})

    async def _settings(self, request: web.Request) -> web.Response:
        car = self._addressee_in_path(request)
        body = await _body_of(request)
        target, limit = body.get("chargingTarget"), body.get("acLimitValue")
        effect: dict[str, Json] = {}
        if target is not None:
            if not isinstance(target, int) or target not in range(20, 101, 5):
                what = "chargingTarget"
                raise malformed(what)
            self._need_flag(car, "isChargingTargetSocEnabled")
            effect["state.electricChargingState.chargingTarget"] = target
            effect["state.chargingProfile.chargingSettings.targetSoc"] = target
            effect["charging.chargingSettingsDetail.chargingTarget"] = target
        if limit is not None:
            if limit not in _ac_limits(car):
                what = "acLimitValue"
                raise malformed(what)
            self._need_flag(car, "isChargingPowerLimitEnabled")
            effect["state.chargingProfile.chargingSettings.acCurrentLimit"] = limit
            effect["charging.chargingSettingsDetail.acLimit.current.value"] = limit
        return self._take(request, car, "charging-settings", effect=effect, is_kept=True)

    async def _profile(self, request: web.Request) -> web.Response:
        """A charging plan, which is only taken as a whole."""
        car = self._addressee_in_path(request)
        self._need(car, "charging-profile")
        body = await _body_of(request)
        if body.keys() != {"chargingMode", "departureTimer", "isPreconditionForDepartureActive", "servicePack"}:
            raise _failed()
        mode, timer, pre = body["chargingMode"], body["departureTimer"], body["isPreconditionForDepartureActive"]
        if not (isinstance(mode, dict) and isinstance(timer, dict) and isinstance(pre, bool)):
            raise _failed()
        kind = str(mode.get("type"))
        if kind in _PREFERENCES and mode.get("chargingPreference") != _PREFERENCES[kind]:
            raise _failed()
        effect = _plan(mode, timer, is_preconditioning=pre)
        return self._take(request, car, "charging-profile", effect=effect, is_kept=True)

    async def _destination(self, request: web.Request) -> web.Response:
        account, car = self._addressee(request)
        require("gcid", request.match_info["gcid"], account.gcid)
        self._need(car, "send-to-car")
        body = await _body_of(request)
        require("vehicleInformation", str(body.get("vehicleInformation")), str({"vin": car.vin}))
        match body.get("places"):
            case [
                {"position": {"lat": float(), "lng": float()}, "title": str(title), "formattedAddress": str(address)}
            ]:
                if title and address:
                    self._take(request, car, "send-to-car")
                    return web.Response(status=201)
        raise _failed()

    async def _status(self, request: web.Request) -> web.Response:
        self._data.admit(request)
        return web.json_response(self._order(request).status(self._clock()))

    async def _position(self, request: web.Request) -> web.Response:
        """Where a car is that was looked for, told to those who say where they are themselves."""
        account = self._data.admit(request)
        order = self._order(request)
        try:
            observer = float(request.headers["latitude"]), float(request.headers["longitude"])
        except KeyError, ValueError:
            what = "latitude, longitude"
            raise malformed(what) from None
        car = account.garage.find(vin=order.vin, brand=brand_of(request) or "")
        location = account.garage.state_of(car).get("location") if car else None
        where = location.get("coordinates") if isinstance(location, dict) else None
        if not isinstance(location, dict) or not isinstance(where, dict):
            where, location = {"latitude": observer[0] + _FOUND_NEAR, "longitude": observer[1]}, {}
        address = location.get("address")
        return web.json_response(
            {
                "positionData": {
                    "status": "OK",
                    "position": {
                        **where,
                        "formattedAddress": address.get("formatted") if isinstance(address, dict) else None,
                        "heading": location.get("heading"),
                    },
                },
                "errorDetails": None,
            }
        )

    # What all of them do

    def _addressee(self, request: web.Request) -> tuple[Account, Car]:
        return self._data.find(request)

    def _addressee_in_path(self, request: web.Request) -> Car:
        """The car of an order about charging, which has no header for it."""
        account = self._data.admit(request)
        if VIN_HEADER in request.headers:
            raise malformed(VIN_HEADER)
        car = account.garage.find(vin=request.match_info["vin"], brand=brand_of(request) or "")
        if car is None:
            raise not_found()
        return car

    def _order(self, request: web.Request) -> Order:
        event_id = request.query.get("eventId")
        for order in self.orders:
            if order.event_id == event_id:
                return order
        raise not_found()

    def _need(self, car: Car, service: str) -> None:
        if flag := _CAPABILITIES.get(service):  # every car can be looked for
            self._need_flag(car, flag)

    def _need_flag(self, car: Car, flag: str) -> None:
        if car.capabilities.get(flag) is not True:
            raise _not_allowed()

    def _take(
        self,
        request: web.Request,
        car: Car,
        service: str,
        *,
        effect: Mapping[str, Json] | None = None,
        is_kept: bool = False,
    ) -> web.Response:
        """Take an order, and have the car act on it unless a fault is in the way."""
        fate = request.headers.get(FATE_HEADER)
        order = Order(
            service=service,
            vin=car.vin,
            at=self._clock(),
            query=dict(request.query),
            body=request.get("body", {}),
            fate=fate,
        )
        self.orders.append(order)
        if fate is None and effect:
            car.acts.append(Act(at=order.at + TOLD_AFTER, changes=effect, is_kept=is_kept))
        created = order.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return web.json_response({"eventId": order.event_id, "creationTime": created})


def require_nothing(body: Mapping[str, Json]) -> None:
    """Refuse an order with something in its body that belongs to another one."""
    if body:
        what = "body"
        raise malformed(what)


async def _body_of(request: web.Request) -> Mapping[str, Json]:
    """The JSON object that came with an order; kept on the request, too."""
    require("content-type", request.content_type, "application/json")
    try:
        body: Json = await request.json()
    except JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        what = "body"
        raise malformed(what)
    request["body"] = body
    return body


def _lock(state: Mapping[str, Json], *, is_locked: bool) -> dict[str, Json]:
    """A car that says how its alarm is has it armed by being locked."""
    effect: dict[str, Json] = {_LOCK: "LOCKED" if is_locked else "UNLOCKED"}
    if state.get("securityOverviewMode"):
        effect["state.securityOverviewMode"] = "ARMED" if is_locked else "NOT_ARMED"
    return effect


def _plan(mode: dict[str, Json], timer: dict[str, Json], *, is_preconditioning: bool) -> dict[str, Json]:
    """What a new plan changes, in the words of the state and in those of the charging details."""
    kind, timers = str(mode.get("type")), timer.get("weeklyTimers")
    starts, ends = _time(mode.get("startTimeSlot")), _time(mode.get("endTimeSlot"))
    if not isinstance(timers, list):
        raise _failed()
    return {
        "state.chargingProfile.chargingMode": _MODES.get(kind, "NO_ACTION"),
        "state.chargingProfile.chargingPreference": mode.get("chargingPreference"),
        "state.chargingProfile.climatisationOn": is_preconditioning,
        "state.chargingProfile.reductionOfChargeCurrent": {"start": _clock(starts), "end": _clock(ends)},
        "state.chargingProfile.departureTimes": [_timer(each) for each in timers],
        "charging.chargeAndClimateTimerDetail": {
            "chargingMode": {
                "chargingPreference": mode.get("chargingPreference"),
                "type": kind,
                "startTimeSlot": f"0001-01-01T{starts:%H:%M:%S}",
                "endTimeSlot": f"0001-01-01T{ends:%H:%M:%S}",
            },
            "departureTimer": {
                **timer,
                "weeklyTimers": [
                    {**each, "time": f"0001-01-01T{_time(each.get('time')):%H:%M:%S}"}
                    for each in timers
                    if isinstance(each, dict)
                ],
            },
            "isPreconditionForDepartureActive": is_preconditioning,
        },
    }


def _timer(timer: Json) -> dict[str, Json]:
    if not isinstance(timer, dict):
        raise _failed()
    return {
        "action": timer.get("timerAction"),
        "id": timer.get("id"),
        "timeStamp": _clock(_time(timer.get("time"))),
        "timerWeekDays": timer.get("daysOfTheWeek"),
    }


def _time(slot: Json) -> time:
    """A time of a plan; the cloud wants it with milliseconds."""
    if not isinstance(slot, str) or not slot.startswith("0001-01-01T") or not slot.endswith(".000"):
        raise _failed()
    return time.fromisoformat(slot.removeprefix("0001-01-01T"))


def _clock(clock: time) -> dict[str, Json]:
    return {"hour": clock.hour, "minute": clock.minute}


def _ac_limits(car: Car) -> list[Json]:
    match car.charging:
        case {"chargingSettingsDetail": {"acLimit": {"values": list(values)}}}:
            return values
        case _:
            return []


def _not_allowed() -> RefusalError:
    return RefusalError(403, EMPTY_DIALOG)


def _failed() -> RefusalError:
    return RefusalError(500, {"statusCode": 500, "message": "Internal Server Error"})
