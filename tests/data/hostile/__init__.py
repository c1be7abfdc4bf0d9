"""Files that must not come in; see ``make``."""
