"""More than one machine: detectors as workers of Quix Streams over Kafka's partitions."""
