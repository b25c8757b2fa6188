"""Tests of the stream, over real sockets on this machine."""
