"""Adapters that make a system live. The sandboxes know nothing of each other; two folders are shared by them."""
