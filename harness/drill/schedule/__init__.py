"""Drills on a schedule: who starts them, when, and that no run is missed or overlaps without a word."""
