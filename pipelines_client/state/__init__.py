"""What lies on disk: where it is and in which form. Written by delivery, read by every other room."""
