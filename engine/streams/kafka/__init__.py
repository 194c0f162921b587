"""Kafka: where the broker is, the bounded producer, and a practice broker in this process."""
