"""MQTT: where the broker is, and a connection that comes back by itself."""
