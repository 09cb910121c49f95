"""One module per client; each has `run(score, cloud)`."""
