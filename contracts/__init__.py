"""What is said over the bus: a schema and an example of every event. All of it is generated."""
