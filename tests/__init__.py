"""Tests; their tree is that of what they test."""
