"""Alarms brought to people and programs: webhook, e-mail, file, Kafka topic; spooled while the receiver is away."""
