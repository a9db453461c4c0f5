"""Runs of the workbench: plans, what they would take, and their cells asked, kept, judged and compared."""

from chatbench.services.runs.forecasting import Forecast as Forecast
from chatbench.services.runs.running import Live as Live
from chatbench.services.runs.service import RunService as RunService
from chatbench.services.runs.statistics import ColumnStatistics as ColumnStatistics
from chatbench.services.runs.statistics import Compared as Compared
from chatbench.services.runs.statistics import RunStatistics as RunStatistics
from chatbench.services.runs.statistics import names_of as names_of
