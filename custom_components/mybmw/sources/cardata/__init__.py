"""BMW CarData, the official and read-only interface for owners.

failures       what exactly went wrong, beside the four meanings
hosts          where CarData is
memory         what is remembered between starts
grant          what a sign-in brings
device_code    ... and the code that brings it
identity       the service that gives out both
auth           signing in
tokens         ... and staying so
quota          fifty calls a day
refusals       what BMW's codes mean
questions      what can be asked
client         asking, each call booked before
catalogue      what a car can be asked about, and what is known of it beforehand (entry)
container      ... and how BMW wants to be told
access         all of it together, as far as asking goes

message        what comes in the stream
stream_status  how that is doing
stream_pauses  how long to stay away from it
broker         one connection to it
stream         ... and always one

keys           the descriptors that we look at
reading        what a car said, however it was written
traps          where it is not to be taken at its word
readings       all that a car has said
build          ... and the car that it makes, part by part

histories      what cars have charged, for an owner who asks
cars           the cars of an account, and what is remembered of them
autopilot      when a car is worth a call
reader         ... and the calls that are made then
checkup        whether all is in order with an account
source         all of it together: an account as a source of vehicles

What signing in takes is offered here, and the names of descriptors. The source itself is imported by those who open an
account: it is large.
"""

from .auth import DeviceSignIn, first_credentials, missing_scopes_of, what_outlives
from .failures import Cause, cause_of
from .grant import API_SCOPE, STREAM_SCOPE, Grant
from .identity import read_client_id
from .keys import Key

__all__ = [
    "API_SCOPE",
    "STREAM_SCOPE",
    "Cause",
    "DeviceSignIn",
    "Grant",
    "Key",
    "cause_of",
    "first_credentials",
    "missing_scopes_of",
    "read_client_id",
    "what_outlives",
]
