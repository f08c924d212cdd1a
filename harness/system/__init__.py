"""The model of a system (drill.toml), the ports to it, and the values that cross them. Imports only the floor."""
