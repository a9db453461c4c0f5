"""Runs of the workbench: plans, what they would take, and their cells asked, kept, judged and compared."""

from chatbench.evaluation.kinds import KINDS as KINDS
from chatbench.evaluation.kinds import Field as CheckField
from chatbench.evaluation.kinds import Kind as CheckKind
from chatbench.evaluation.kinds import problems as check_problems
from chatbench.services.runs.columns import row_values as row_values
from chatbench.services.runs.exporting import FORMATS as EXPORTS
from chatbench.services.runs.exporting import RunFormat as RunFormat
from chatbench.services.runs.forecasting import Forecast as Forecast
from chatbench.services.runs.running import Live as Live
from chatbench.services.runs.service import RunService as RunService
from chatbench.services.runs.statistics import ColumnStatistics as ColumnStatistics
from chatbench.services.runs.statistics import Compared as Compared
from chatbench.services.runs.statistics import RunStatistics as RunStatistics
from chatbench.services.runs.statistics import names_of as names_of

__all__ = [
    "EXPORTS",
    "KINDS",
    "CheckField",
    "CheckKind",
    "ColumnStatistics",
    "Compared",
    "Forecast",
    "Live",
    "RunFormat",
    "RunService",
    "RunStatistics",
    "check_problems",
    "names_of",
    "row_values",
]
