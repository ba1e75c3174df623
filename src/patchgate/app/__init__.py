"""One wake-up from the doorbell to the projection: observe, decide, execute, project."""
