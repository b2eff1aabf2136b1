"""What engines that call servers share."""
