"""Signing in to CarData by a code, over HTTP, to a cloud on this machine."""
