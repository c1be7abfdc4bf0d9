"""What people are told: the outbox, the channels, the tasks that deliver."""
