"""Tests of the sources, which need no Home Assistant."""
