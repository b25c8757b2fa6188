"""Reading messages: those that were captured, those that are none, and those that nobody has thought of."""

import json

from hypothesis import example, given, strategies as st
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.message import DEEPEST, MOST_BYTES, Message, read_message

GCID = "00000000-0000-0000-0000-000000000000"
VIN = "WBAEXAMPLE0000000"
OTHER = "WBAEXAMPLE0000001"

# As captured, but for the VIN, the account and the place.
CAPTURED: list[dict[str, Json]] = [
    {"vehicle.vehicle.preConditioning.activity": {"timestamp": "2026-07-27T12:36:57Z", "value": "INACTIVE"}},
    {"vehicle.vehicle.travelledDistance": {"timestamp": "2026-07-27T12:36:57Z", "value": 81623, "unit": "km"}},
    {
        "vehicle.cabin.infotainment.navigation.currentLocation.latitude": {
            "timestamp": "2026-07-27T12:37:58Z",
            "value": 50.0000000556,
            "unit": "degrees",
        }
    },
    {"vehicle.cabin.door.row2.driver.isOpen": {"timestamp": "2025-09-17T12:18:19Z", "value": False}},
]


def wrapped(data: Json, **more: Json) -> dict[str, Json]:
    envelope: dict[str, Json] = {"vin": VIN, "entityId": GCID, "topic": VIN, "timestamp": "2026-07-27T12:36:57.974Z"}
    return envelope | {"data": data} | more


def nested(levels: int) -> bytes:
    return b'{"vin": "' + VIN.encode() + b'", "data": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize("data", CAPTURED)
def test_captured_messages(data: dict[str, Json]) -> None:
    payload = wrapped(data)
    assert read_message(f"{GCID}/{VIN}", json.dumps(payload).encode()) == Message(VIN, payload)


@pytest.mark.parametrize(
    ("topic", "vin"),
    [(f"{GCID}/{VIN}", VIN), (f"{GCID}/{VIN}", None), (f"{GCID}/?", VIN), ("", VIN), (VIN, VIN), (f"{GCID}/{VIN}", 7)],
)
def test_whose_it_is_may_be_said_once_only(topic: str, vin: Json) -> None:
    message = read_message(topic, json.dumps(wrapped({}, vin=vin)).encode())
    assert message
    assert message.vin == VIN


@pytest.mark.parametrize(
    ("topic", "vin"), [(f"{GCID}/{VIN}", OTHER), (f"{GCID}/+", None), (GCID, ""), (f"{GCID}/{VIN.lower()}", None)]
)
def test_nobodys_message_is_none(topic: str, vin: Json) -> None:
    assert read_message(topic, json.dumps(wrapped({}, vin=vin)).encode()) is None


def test_a_message_has_its_bounds() -> None:
    topic = f"{GCID}/{VIN}"
    fill = MOST_BYTES - len(json.dumps(wrapped("")))
    assert read_message(topic, json.dumps(wrapped("x" * fill)).encode())
    assert read_message(topic, json.dumps(wrapped("x" * (fill + 1))).encode()) is None
    assert read_message(topic, nested(DEEPEST))
    assert read_message(topic, nested(DEEPEST + 1)) is None
    assert read_message(topic, nested(20_000)) is None
    wide: Json = {str(number): {"value": number} for number in range(500)}
    assert read_message(topic, json.dumps(wrapped(wide)).encode()), "wide is not deep"


def test_neither_vin_nor_content_can_be_printed() -> None:
    assert VIN not in repr(Message(VIN, wrapped({})))


def depth(document: Json) -> int:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("vin"), inner, max_size=4),
    max_leaves=30,
)


@given(topic=st.text() | st.just(f"{GCID}/{VIN}"), payload=st.binary(max_size=300))
@example(topic=f"{GCID}/{VIN}", payload=b'{"vin": "\\ud800"}')
@example(topic=f"{GCID}/{VIN}", payload=b'{"data": 1e999}')
@example(topic=f"{GCID}/{VIN}", payload=b'{"data": 123456789012345678901234567890}')
@example(topic=f"{GCID}/{VIN}", payload=b'{"data": NaN}')
def test_no_bytes_are_too_strange(topic: str, payload: bytes) -> None:
    read_message(topic, payload)


@given(topic=st.text() | st.just(f"{GCID}/{VIN}"), document=json_documents)
def test_no_document_is_too_strange(topic: str, document: Json) -> None:
    message = read_message(topic, json.dumps(document).encode())
    if message is not None:
        assert len(message.vin) == 17
        assert depth(message.payload) <= DEEPEST
        assert message.payload.keys() == (document.keys() if isinstance(document, dict) else None)


@given(data=st.data())
def test_no_real_message_that_was_damaged_is_too_strange(data: st.DataObject) -> None:
    payload = bytearray(json.dumps(wrapped(data.draw(st.sampled_from(CAPTURED)))).encode())
    for position in data.draw(st.lists(st.integers(0, len(payload) - 1), max_size=5)):
        payload[position] = data.draw(st.integers(0, 255))
    message = read_message(f"{GCID}/{VIN}", bytes(payload[: data.draw(st.integers(0, len(payload)))]))
    assert message is None or message.vin == VIN
