"""A data set as a grid: seen, edited, filled from files, spreadsheets and models."""

from chatbench.ui.workbench.datasets.view import DatasetView

__all__ = ["DatasetView"]
