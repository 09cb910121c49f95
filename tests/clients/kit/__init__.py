"""What every suite here needs: a score, an HTTP call, virtual environments, servers to start."""
