"""The data sets of the workbench: made, read, edited, taken back, imported and exported."""

from chatbench.documents.tables.reading import ENDINGS
from chatbench.documents.tables.table import Table
from chatbench.services.datasets.exporting import FORMATS, ExportFormat
from chatbench.services.datasets.generating import Proposal, ProposedRow
from chatbench.services.datasets.importing import ImportProgress
from chatbench.services.datasets.service import DatasetService

__all__ = [
    "ENDINGS",
    "FORMATS",
    "DatasetService",
    "ExportFormat",
    "ImportProgress",
    "Proposal",
    "ProposedRow",
    "Table",
]
