"""A BMW cloud on your desk: plays the MyBMW API over real HTTP, on 127.0.0.1.

Nothing here is shared with the integration but the type of a JSON document: what the cloud expects and answers is
written down a second time, from what recordings and public reports say of it, so that a misunderstanding shows.

    async with Simulator(cars=["G26", "I20"]) as cloud:
        ...  # point the integration at cloud.url
        cloud.garage["G26"].change("state.electricChargingState.chargingLevelPercent", 81)
        cloud.faults.append(Fault(path="/state", vin=cloud.garage["I20"].vin, status=500, times=1))
        cloud.switchboard.switch_on("blocked")
"""

from .accounts import Account, Accounts
from .commands import Order
from .faults import Fault
from .garage import Age, Car, Garage
from .log import Asked
from .presets import ALL_PRESETS, ANY_SERVERS, CARDATA_PRESETS, COMMAND_PRESETS, PRESETS, Preset
from .server import DEMO_PASSWORD, DEMO_USERNAMES, Simulator
from .switchboard import SWITCHBOARD, Switchboard

__all__ = [
    "ALL_PRESETS",
    "ANY_SERVERS",
    "CARDATA_PRESETS",
    "COMMAND_PRESETS",
    "DEMO_PASSWORD",
    "DEMO_USERNAMES",
    "PRESETS",
    "SWITCHBOARD",
    "Account",
    "Accounts",
    "Age",
    "Asked",
    "Car",
    "Fault",
    "Garage",
    "Order",
    "Preset",
    "Simulator",
    "Switchboard",
]
