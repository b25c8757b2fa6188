"""BMW CarData as a source, over real HTTP against the simulator."""
