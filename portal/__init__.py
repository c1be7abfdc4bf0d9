"""The site, and the pages of the applicant."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
