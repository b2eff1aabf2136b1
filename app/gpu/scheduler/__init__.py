"""Queue ahead of the device, shared by every request."""

from app.gpu.scheduler.scheduler import Scheduler
from app.gpu.scheduler.scheduler_report import SchedulerReport, ShareHistogram

__all__ = ["Scheduler", "SchedulerReport", "ShareHistogram"]
