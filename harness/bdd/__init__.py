"""The pytest plugin: from a feature file to drills. The only package that imports pytest."""
