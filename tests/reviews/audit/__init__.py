"""The log, its tree, its checkpoints."""
