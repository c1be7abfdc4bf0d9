"""The portal's settings, but a password costs nothing: production's hash takes half a second of computing at each log-in."""

from portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
