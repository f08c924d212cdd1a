"""What is injected, how its effect is seen and how it is taken back. Imports system, journal values, the floor."""
