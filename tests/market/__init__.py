"""Whether the simulated market deserves belief: what it costs, how it looks, whom it favours."""
