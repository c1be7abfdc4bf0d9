"""The log that proves every step."""
