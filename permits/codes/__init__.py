"""Codes that people and things carry, each checked as its standard says."""
