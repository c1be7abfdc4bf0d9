"""Other departments' systems are told of steps: Standard Webhooks (standardwebhooks.com), read from the sealed audit log.

``steps`` says what an endpoint is told, ``sending`` hands it over in the log's order, ``wire`` is signature and connection,
``endpoints`` is what an administrator does.
"""
