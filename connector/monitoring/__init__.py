"""For the people who watch machines: metrics as a text file, and two pages on loopback."""

from connector.monitoring.metrics import Metrics
from connector.monitoring.pages import Pages
from connector.monitoring.vitals import Vitals

__all__ = ["Metrics", "Pages", "Vitals"]
