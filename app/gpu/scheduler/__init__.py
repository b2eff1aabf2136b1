"""One queue ahead of the device, shared by every request and every engine on it."""

from app.gpu.scheduler.report import SchedulerReport
from app.gpu.scheduler.scheduler import Scheduler
from app.gpu.scheduler.tally import Shape

__all__ = ["Scheduler", "SchedulerReport", "Shape"]
