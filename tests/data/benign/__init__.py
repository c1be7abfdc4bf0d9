"""Files as people really hand them in; see ``make``."""
