"""Experiments of the echo system."""
