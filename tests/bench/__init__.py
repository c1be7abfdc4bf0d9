"""How fast it is, as ratios against a reference that runs beside it: ``make bench [ONLY=name]``."""
