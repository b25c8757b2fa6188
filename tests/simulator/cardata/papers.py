"""What a car is, in the words of CarData: what never changes about it."""

from collections.abc import Mapping
from typing import Final

from custom_components.mybmw.sources import Json

from ..living import Model, Opening
from ..living.models import DriveTrain
from ..pictures import draw

type Document = dict[str, Json]

_DRIVE_TRAINS: Final[Mapping[DriveTrain, str]] = {
    DriveTrain.ELECTRIC: "BEV",
    DriveTrain.PLUG_IN_HYBRID: "PHEV",
    DriveTrain.PETROL: "CONV",
    DriveTrain.RANGE_EXTENDER: "BEV_REX",
}


def basic_data(model: Model) -> Document:
    """The fields that real cars' answers have."""
    identity = model.identity
    data: Document = {
        "bodyType": "Limousine",
        "brand": identity.make,
        "colourCodeRaw": f"{identity.color & 0xFFF:03X}",
        "colourDescription": "SIMULATED METALLIC",
        "constructionDate": f"{identity.year}-03-17T00:00:00.000+0000",
        "countryCode": "DE",
        "driveTrain": _DRIVE_TRAINS[model.drive_train],
        "engine": "B48" if model.tank else "GAL1",
        "fullSAList": "0478,05AV,06WC",
        "hasNavi": True,
        "hasSunRoof": Opening.SUNROOF in model.openings,
        "headUnit": identity.head_unit,
        "modelKey": "11EE",
        "modelName": identity.model,
        "numberOfDoors": sum(opening.startswith("door_") for opening in model.openings) + 1,
        "propulsionType": "EL" if model.tank is None else "BE",
        "series": identity.model[:1],
        "seriesDevt": identity.body,
        "simStatus": "ACTIVE",
        "steering": "LL",
    }
    return data | ({"chargingModes": ["AC_LOW"]} if model.battery else {})


def tire_diagnosis(model: Model) -> Document:
    """The mounted tires; of others nothing is known."""
    tires = model.tires
    week, year = divmod(tires.week, 100)
    wear: Document = {
        "label": "Wear",
        "status": "WORN" if tires.are_worn else "OK",
        "statusColor": "RED" if tires.are_worn else "GREEN",
        "dueMileage": 0 if tires.are_worn else 20_000,
        "unit": "KILOMETER",
    }
    wheels: Document = {
        wheel: {
            "label": wheel,
            "dimension": {"label": "Dimension", "value": tires.sizes[number // 2].rsplit(" ", 1)[0]},
            "season": {"label": "Season", "value": "Winter" if tires.is_winter else "Summer", "season": _season(model)},
            "tread": {"label": "Tread", "manufacturer": tires.manufacturer, "treadDesign": tires.tread},
            "optimizedForOem": {"label": "Made for BMW", "optimizedForOem": True},
            "tyreDefect": {"label": "Defect", "status": "NO_DEFECT", "statusColor": "GREEN"},
            "tyreProductionDate": {"label": "Produced", "statusColor": "GREEN", "value": f"{week:02}/20{year:02}"},
            "tyreWear": wear,
            "runFlat": {"label": "Run-flat", "runFlat": False},
        }
        for number, wheel in enumerate(("frontLeft", "frontRight", "rearLeft", "rearRight"))
    }
    return {
        "passengerCar": {
            "mountedTyres": {"label": "Mounted", "aggregatedQualityStatus": {"qualityStatus": "OK"}, **wheels},
            "unmountedTyres": {"label": "Unmounted"},
        },
        "errors": [],
    }


def picture(model: Model) -> bytes:
    """A PNG of the car, as seen from its side; CarData has no other view."""
    return draw("VehicleStatus", model.identity.body, model.identity.color)


def _season(model: Model) -> str:
    return "WINTER" if model.tires.is_winter else "SUMMER"
