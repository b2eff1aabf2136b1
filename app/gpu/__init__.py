"""Speech engines, which alone touch a device."""
