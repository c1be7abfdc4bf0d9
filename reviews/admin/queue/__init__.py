"""The queue: what an official has to do, by the time it is due."""

from reviews.admin.queue.admin import TaskAdmin

__all__ = ["TaskAdmin"]
