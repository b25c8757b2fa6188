"""Tests of the model of a car."""
