"""Pictures of volumes: arrays in, images out. Knows neither the engine nor the database."""
