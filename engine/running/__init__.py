"""The parts of the runner: queue, ring, bench of detectors, commands, interventions, resuming."""
