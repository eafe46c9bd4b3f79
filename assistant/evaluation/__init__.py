"""The paper's experiment: metrics, memory settings, runs, reports."""
