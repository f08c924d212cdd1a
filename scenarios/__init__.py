"""Step definitions, one module for each subject. A step is one line that says something to the drill's builder."""
