"""One module for each kind of rollback: from facts about the system to a plan. Pure."""
