"""The open API: what can be called (``calls``), what comes back (``answers``), and the document made of both (``document``).

``portal.views.api`` serves the calls; the page for people lists the same declarations.
"""
