"""BMW CarData, the official and read-only interface for owners.

failures       what exactly went wrong, beside the four meanings
hosts          where CarData is
memory         what is remembered between starts
grant          what a sign-in brings
device_code    ... and the code that brings it
identity       the service that gives out both
anew           what a new sign-in lets us try again
auth           signing in
tokens         ... and staying so
quota          fifty calls a day
refusals       what BMW's codes mean
questions      what can be asked
client         asking, each call booked before
catalogue      what a car can be asked about, and what is known of it beforehand (entry)
container_contents  ... as much of it as BMW takes at once
container_status  how it went with that, and how long it is left alone
container      ... and all of that: how BMW wants to be told what it is asked about
access         all of it together, as far as asking goes

message        what comes in the stream
stream_status  how that is doing
stream_troubles  ... and for how long it has not been well
stream_gap     how long to stay away from it at least
stream_pauses  ... and depending on how it went
stream_refusals  ... and from which tokens
broker         one connection to it
stream         ... and always one

keys           the descriptors that we look at
reading        what a car said, however it was written
traps          where it is not to be taken at its word
readings       all that a car has said
build          ... and the car that it makes, part by part

histories      what cars have charged, for an owner who asks
roll_call      when BMW is asked which cars there are, and how far it is believed
cars           the cars of an account, and what is remembered of them
autopilot      when a car is worth a call
reader         ... and the calls that are made then
checkup        whether all is in order with an account
source         all of it together: an account as a source of vehicles

What signing in takes is offered here, and the names of descriptors. The source itself is imported by those who open an
account: it is large.
"""

from .auth import (
    DeviceSignIn,
    after_sign_in,
    first_credentials,
    missing_scopes_of,
    number_of,
    what_counts_together,
    what_outlives,
    what_still_counts,
)
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
    "after_sign_in",
    "cause_of",
    "first_credentials",
    "missing_scopes_of",
    "number_of",
    "read_client_id",
    "what_counts_together",
    "what_outlives",
    "what_still_counts",
]
