"""Tests of the MyBMW source."""
