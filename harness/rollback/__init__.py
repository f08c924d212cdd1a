"""The rollback engine: triggers, assessment and planner are pure; the engine carries a plan out through the ports.

It does not know that it is being drilled. Imports system, journal values and the floor.
"""
