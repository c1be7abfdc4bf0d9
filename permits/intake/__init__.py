"""Intake: what an uploaded file really is, whether it may come in, and where it is kept.

``upload`` receives, ``inspect`` and ``roster`` judge, ``storage`` keeps, and ``materials`` is what the
views call.
"""
