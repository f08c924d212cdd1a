"""Adapters that make a system live. The sandboxes know nothing of each other; what they share is beside them."""
