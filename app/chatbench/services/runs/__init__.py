"""Runs of the workbench: plans, what they would take, and their cells asked, kept, judged and compared."""

from chatbench.evaluation.kinds import KINDS as KINDS
from chatbench.evaluation.kinds import Field as CheckField
from chatbench.evaluation.kinds import Kind as CheckKind
from chatbench.evaluation.kinds import problems as check_problems
from chatbench.services.runs.charting import RATINGS as RATINGS
from chatbench.services.runs.charting import SPREAD as SPREAD
from chatbench.services.runs.charting import Band as Band
from chatbench.services.runs.charting import Charts as Charts
from chatbench.services.runs.charting import HeatMap as HeatMap
from chatbench.services.runs.charting import Measure as Measure
from chatbench.services.runs.charting import Spread as Spread
from chatbench.services.runs.charting import round_step as round_step
from chatbench.services.runs.columns import row_values as row_values
from chatbench.services.runs.exporting import FORMATS as EXPORTS
from chatbench.services.runs.exporting import RunFormat as RunFormat
from chatbench.services.runs.forecasting import Forecast as Forecast
from chatbench.services.runs.progress import Live as Live
from chatbench.services.runs.service import RunService as RunService
from chatbench.services.runs.statistics import ColumnStatistics as ColumnStatistics
from chatbench.services.runs.statistics import Compared as Compared
from chatbench.services.runs.statistics import RunStatistics as RunStatistics
from chatbench.services.runs.statistics import names_of as names_of

__all__ = [
    "EXPORTS",
    "KINDS",
    "RATINGS",
    "SPREAD",
    "Band",
    "Charts",
    "CheckField",
    "CheckKind",
    "ColumnStatistics",
    "Compared",
    "Forecast",
    "HeatMap",
    "Live",
    "Measure",
    "RunFormat",
    "RunService",
    "RunStatistics",
    "Spread",
    "check_problems",
    "names_of",
    "round_step",
    "row_values",
]
