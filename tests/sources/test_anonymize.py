"""What is personal does not survive; what is not does."""

from collections.abc import Iterator
import copy
import json
import string
import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.anonymize import Anonymizer
from tests.recorded import RECORDED_CARS, RecordedCar

VIN_CHARACTERS = "".join(sorted(set(string.ascii_uppercase + string.digits) - set("IOQ")))

VINS = st.builds(
    "".join,
    st.tuples(st.text(VIN_CHARACTERS, min_size=12, max_size=12), st.text(string.digits, min_size=5, max_size=5)),
)
"""Real numbers end with at least five digits."""

EMAILS = st.emails().filter(lambda email: not set(email) & set('"<>,;:/?&= '))

SECRETS = VINS | EMAILS


def hidden_in(documents: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    """Documents of all shapes with these texts in keys, in values and in lists, alone or among others."""
    texts = documents | st.builds("{} {}-{}".format, st.text(max_size=10), documents, st.text(max_size=10)) | st.text()
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
    )


@given(data=st.data())
@settings(deadline=None)
def test_no_identification_number_and_no_address_survives(data: st.DataObject) -> None:
    secrets = data.draw(st.lists(SECRETS, min_size=1, max_size=3))
    document = data.draw(hidden_in(st.sampled_from(secrets)))
    text = json.dumps(Anonymizer()(document), ensure_ascii=False)
    assert not [secret for secret in secrets if secret in text]


@given(
    vin=VINS, before=st.text(string.ascii_letters + string.digits), after=st.text(string.ascii_letters + string.digits)
)
def test_a_number_run_together_with_something_does_not_survive(vin: str, before: str, after: str) -> None:
    text = json.dumps(Anonymizer()({f"{before}-{vin}{after}": f"{before}{vin}{after}"}))
    assert vin not in text


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.decimals(-1_000, 1_000, places=3).map(float)
        | st.text("xyz_ .-7", max_size=16),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("xyz_"), inner),
    )
)
def test_everything_else_survives(document: Json) -> None:
    assert Anonymizer()(document) == document


def test_the_same_number_gets_the_same_replacement_everywhere() -> None:
    anonymous = Anonymizer()
    first, second = "WBA1J7C51HV123456", "WMW1J7C51HV654321"
    assert anonymous({"vin": first, "path": f"/vehicles/{second}/state", first: [second]}) == {
        "vin": "WBA0FINGERPRINT01",
        "path": "/vehicles/WMW0FINGERPRINT02/state",
        "WBA0FINGERPRINT01": ["WMW0FINGERPRINT02"],
    }
    assert anonymous(second.lower()) == "WMW0FINGERPRINT02"
    assert anonymous([first]) == ["WBA0FINGERPRINT01"]


@pytest.mark.parametrize("car", RECORDED_CARS.values(), ids=RECORDED_CARS)
def test_recorded_cars_are_made_anonymous(car: RecordedCar) -> None:
    text = json.dumps(Anonymizer()([car.vin, car.profile, car.state, car.charging]))
    assert car.vin not in text
    assert "48.17" not in text
    assert "11.55" not in text


def test_what_is_personal_is_replaced_by_its_key() -> None:
    anonymous = Anonymizer()(
        {
            "location": {
                "coordinates": {"latitude": 48.1, "longitude": 11.5},
                "address": {"formatted": "Road 1, Town", "line": ["Road 1"], "isValid": True, "country": None},
                "heading": 5,
            },
            "position": {"lat": 48.1, "lng": 11.5},
            "geo": {"coordinates": [11.5, 48.1]},
            "formattedAddress": "Road 1, Town",
            "licensePlate": "M-XY 1",
            "gcid": "ceb64158-d2ca-47e9-9ee6-cbffb881434e",
            "Postal-Code": 12345,
            "userName": "Owner",
            "name": {"first": "Anna"},
            "subtitle": "Road 1 • 2h",
        }
    )
    assert anonymous == {
        "location": {
            "coordinates": {"latitude": 12.3456, "longitude": 34.5678},
            "address": {"formatted": "some_address", "line": ["some_address"], "isValid": True, "country": None},
            "heading": 123,
        },
        "position": {"lat": 12.3456, "lng": 34.5678},
        "geo": {"coordinates": ["some_position", "some_position"]},
        "formattedAddress": "some_address",
        "licensePlate": "some_license_plate",
        "gcid": "some_id",
        "Postal-Code": "some_postal_code",
        "userName": "some_name",
        "name": {"first": "some_name"},
        "subtitle": "some_subtitle",
    }


@pytest.mark.parametrize(
    "key",
    [
        *("token", "accessToken", "refresh_token", "Authorization", "x-session", "clientSecret", "PASSWORD"),
        *("givenName", "fullName", "displayName", "firstname", "name", "ownerId", "contact"),
        *("town", "homeCity", "postcode", "zip", "streetName", "POI", "chargingLocation"),
        *("plate", "licencePlate", "licenseplate", "numberPlateText"),
        *("mobileNumber", "phone", "emailAddress", "customerId", "userId", "serialNumber", "shortVin"),
        *("position", "gpsLat", "latitudeE6", "lastLongitude", "geoHash", "GPSPosition", "coordinates"),
    ],
)
@pytest.mark.parametrize("value", ["Anna", 48177334, 48.1, ["Anna"], {"x": {"y": "Anna"}}])
def test_what_is_below_a_personal_key_goes(key: str, value: Json) -> None:
    text = json.dumps(Anonymizer()({key: value}))
    assert not [secret for secret in ("Anna", "48177334", "48.1") if secret in text]


@pytest.mark.parametrize(
    "key",
    [
        *("capacity", "remainingChargingMinutes", "isPersonalPictureUploadSupported", "plugControl", "latch"),
        *("departureTimer", "driverPreferences", "vehicleSoftwareVersion", "acLimit", "digitalKey", "spinning"),
    ],
)
def test_what_is_below_other_keys_stays(key: str) -> None:
    assert Anonymizer()({key: "Anna"}) == {key: "Anna"}


def test_what_stands_beside_a_latitude_is_part_of_the_position() -> None:
    document: Json = {"lat": 48.1, "x": 11.5, "y": [48, 11], "at": "home", "isExact": True, "car": {"mileage": 5}}
    assert Anonymizer()(document) == {
        "lat": 12.3456,
        "x": "some_position",
        "y": ["some_position", "some_position"],
        "at": "some_position",
        "isExact": True,
        "car": {"mileage": 5},
    }


def test_exact_degrees_are_a_position_wherever_they_stand() -> None:
    assert Anonymizer()({"a": [48.177334, -11.5563, 1790.8461], "b": "geo:48.177334,-11.556274", "48.177334": 1}) == {
        "a": [12.3456, 12.3456, 1790.8461],
        "b": "geo:12.3456,-12.3456",
        "12.3456": 1,
    }


def test_mail_addresses_go_from_any_text() -> None:
    assert Anonymizer()(["to Anna.B+c@example.com, or b@d.org!", "Anna.B+c@example.com"]) == [
        "to someone01@example.invalid, or someone02@example.invalid",
        "someone01@example.invalid",
    ]
    assert Anonymizer()(["?to=anna%40example.com", "anna%2540example.com", "o'brien@example.com", "'a@b.org'"]) == [
        "?to=someone01@example.invalid",
        "someone02@example.invalid",
        "someone03@example.invalid",
        "'someone04@example.invalid'",
    ]


def test_a_car_is_not_known_by_the_end_of_its_number() -> None:
    anonymous = Anonymizer()
    assert anonymous({"V123456": "hV123456.png", "vins": ["wba1j7c51hv123456"], "short": "HV123456"}) == {
        "PRINT01": "hPRINT01.png",
        "vins": ["WBA0FINGERPRINT01"],
        "short": "HPRINT01",
    }
    assert anonymous("V123456") == "PRINT01"


def test_secrets_are_found_wherever_they_stand() -> None:
    anonymous = Anonymizer("8613912345678", "x", "")
    assert anonymous({"13912345678": [13912345678, "tel:+8613912345678", "x"]}) == {
        "some_id": ["some_id", "tel:+some_id", "x"]
    }


def test_what_is_personal_by_its_key_is_found_elsewhere() -> None:
    anonymous = Anonymizer()
    document: Json = {"licensePlate": "M-XY 1234", "title": "Your m-xy 1234", "customerId": 77665544, "n": 77665544}
    assert anonymous(document) == {
        "licensePlate": "some_license_plate",
        "title": "Your some_license_plate",
        "customerId": "some_id",
        "n": "some_id",
    }
    assert anonymous("of M-XY 1234") == "of some_license_plate"


def test_words_below_a_personal_key_are_no_secrets_elsewhere() -> None:
    assert Anonymizer()({"account": "PRIMARY", "status": "PRIMARY"}) == {"account": "some_id", "status": "PRIMARY"}


def test_no_more_is_learned_than_a_real_answer_has() -> None:
    begun = time.process_time()
    Anonymizer()({"userId": [f"user-{number}" for number in range(50_000)], "text": "user-1 " * 10_000})
    assert time.process_time() - begun < 5


VIN = "WBA1J7C51HV123456"
GCID = "ceb64158-d2ca-47e9-9ee6-cbffb881434e"
USERNAME = "o'brien@example.com"
PLANTED = (VIN, VIN.lower(), VIN[-7:], USERNAME, USERNAME.upper(), GCID, GCID.upper(), "48.177334", "11.556274")


@st.composite
def planted(draw: st.DrawFn) -> Json:
    """A recorded answer with secrets anywhere in it: as key or value, alone or among other words."""
    car = RECORDED_CARS[draw(st.sampled_from(sorted(RECORDED_CARS)))]
    document = copy.deepcopy(draw(st.sampled_from([car.profile, car.state])))
    places = list(_containers(document))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(places))
        secret = draw(st.sampled_from(PLANTED))
        text = draw(st.sampled_from(["{}", "is {}.", "/{}/", "a={}&b", "({})"])).format(secret)
        values: tuple[Json, ...] = (text, [text], {"inner": text}, {text: text})
        value = draw(st.sampled_from(values))
        if isinstance(place, dict):
            key = draw(st.sampled_from([text, "news", *place]))
            place[key] = value
        elif isinstance(place, list):
            place.append(value)
    return document


def _containers(document: Json) -> Iterator[Json]:
    """All objects and lists of a document."""
    match document:
        case dict():
            yield document
            for inner in document.values():
                yield from _containers(inner)
        case list():
            yield document
            for inner in document:
                yield from _containers(inner)


@given(planted())
@settings(deadline=None, max_examples=300)
def test_no_secret_survives_in_a_recorded_answer(document: Json) -> None:
    anonymous = Anonymizer(USERNAME, GCID)
    anonymous.learn([VIN])
    text = json.dumps(anonymous(document), ensure_ascii=False).lower()
    assert [secret for secret in PLANTED if secret.lower() in text] == []


@pytest.mark.parametrize("car", RECORDED_CARS.values(), ids=RECORDED_CARS)
def test_a_recorded_answer_stays_what_it_is_but_for_what_is_personal(car: RecordedCar) -> None:
    assert isinstance(car.state, dict)
    assert isinstance(car.state["state"], dict)
    anonymous = Anonymizer(USERNAME, GCID)({"profile": car.profile, "state": car.state, "charging": car.charging})
    assert isinstance(anonymous, dict)
    assert isinstance(car.profile, dict)
    assert anonymous["profile"] == car.profile | {"vin": f"{car.vin[:3]}0FINGERPRINT01"}
    assert anonymous["charging"] == car.charging
    assert isinstance(anonymous["state"], dict)
    assert isinstance(anonymous["state"]["state"], dict)
    assert anonymous["state"]["capabilities"] == car.state["capabilities"]
    rest = {key: value for key, value in anonymous["state"]["state"].items() if key != "location"}
    assert rest == {key: value for key, value in car.state["state"].items() if key != "location"}


@pytest.mark.parametrize(
    "value",
    [
        "CONDUCTIVE",
        "FINISHED_FULLY_CHARGED",
        "UNSUPPORTEDCONNECTIONTYPE",
        "2023-01-04T14:57:06Z",
        "2023-01-04T14:57:06.352000Z",
        "com.bmwgroup.driversguide.row",
        "07/2021.70",
        "S21A",
        4285537312,
        -0.5,
        None,
        True,
    ],
)
def test_what_says_nothing_of_the_owner_stays(value: Json) -> None:
    assert Anonymizer()({"isRemoteParkingEes25Active": value}) == {"isRemoteParkingEes25Active": value}


def test_nothing_is_shown_that_stands_too_deep() -> None:
    document: Json = "WBA1J7C51HV123456"
    for level in range(200_000):
        document = [document] if level % 2 else {"inner": document}
    assert "WBA" not in json.dumps(Anonymizer()(document))


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "a1" * 500_000, "A" * 999_999 + "@", "@" * 1_000_000, "%40" * 300_000], ids=range(5)
)
def test_long_texts_take_no_time(text: str) -> None:
    begun = time.process_time()
    Anonymizer()([text, {text: None}])
    assert time.process_time() - begun < 2


def test_of_a_thousand_secrets_each_is_found_and_the_longest_counts() -> None:
    anonymous = Anonymizer()
    secrets = [f"{number % 7}x{number:05}" for number in range(900)]
    longest = f"{secrets[5]}-and-more"
    anonymous.learn({"token": [*secrets, longest]})
    shown = anonymous({"note": [*(f"of {secret.upper()}!" for secret in secrets), longest]})
    assert shown == {"note": ["of some_secret!"] * len(secrets) + ["some_secret"]}


def test_no_more_is_shown_than_anybody_could_read() -> None:
    many = Anonymizer()({"a": [{"b": number} for number in range(300_000)]})
    assert isinstance(many, dict)
    assert isinstance(many["a"], list)
    assert many["a"][:2] == [{"b": 0}, {"b": 1}]
    assert many["a"][-1] is None
    long = Anonymizer()({"a": ["word " * 100_000] * 400, "b": "x" * 100_000})
    assert isinstance(long, dict)
    assert isinstance(long["a"], list)
    assert sum(len(str(text)) for text in long["a"]) <= 5_000_000
    assert long["b"] == ""


def test_a_number_at_the_end_of_what_is_shown_does_not_survive() -> None:
    shown = Anonymizer()({"a": "x" * 19_985 + " WBA0000LOST012345"})
    assert "LOST" not in str(shown)
