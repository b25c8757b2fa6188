"""CarData's stream: a real MQTT broker behind BMW's rules, fed by the living garage.

    async with Simulator(cars=["I5"], stream=Which.AMQTT) as cloud:
        cloud.stream.port, cloud.stream.ca_file  # where it is, and the certificate that vouches for it
        cloud.stream.gate.second = Second.REFUSED  # what becomes of a second connection
        cloud.stream.faults.add(StreamFault.GARBAGE)
        await cloud.stream.look()  # close what has ended, send what is new: by itself it does so every second

From the outside to the inside: certificates, packets, the gate with the rules, the broker, the news, what goes wrong.
"""

from .brokers import Which, mosquitto
from .faults import GARBAGE, StreamFault
from .gate import Gate, Knock, Second, Session
from .news import News, Newsroom
from .packets import No
from .stream import REFUSALS, Stream

__all__ = [
    "GARBAGE",
    "REFUSALS",
    "Gate",
    "Knock",
    "News",
    "Newsroom",
    "No",
    "Second",
    "Session",
    "Stream",
    "StreamFault",
    "Which",
    "mosquitto",
]
