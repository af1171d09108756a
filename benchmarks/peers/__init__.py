"""What arbtune is held against: other queues, other engines, the shortest script."""
