"""What a rollback goes back to where that is no version of a service."""

from harness.rollback.configuration.actions import ConfigurationGoal
from harness.rollback.data.actions import Goal as DataGoal

Goal = DataGoal | ConfigurationGoal
