"""The data sets of the workbench: made, read, edited, taken back, imported and exported."""

from chatbench.services.datasets.importing import ImportProgress
from chatbench.services.datasets.service import DatasetService

__all__ = ["DatasetService", "ImportProgress"]
