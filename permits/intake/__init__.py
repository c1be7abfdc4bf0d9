"""Intake: what an uploaded file really is, whether it may come in, and where it is kept.

``upload`` receives, ``inspect`` (with ``looking``) and ``roster`` judge, ``derive`` (with ``making``) makes what is kept of it,
``storage`` keeps, and ``materials`` is what the views call.
"""
