"""One queue ahead of the device, shared by every request and every engine on it."""

from app.gpu.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
