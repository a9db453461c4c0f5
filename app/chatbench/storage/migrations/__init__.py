"""The schema, one step a module. Released steps are never edited: a change is a new step."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from chatbench.storage.migrations import (
    m001_first,
    m002_spend_sums,
    m003_lanes,
    m004_judged,
    m005_renditions,
    m006_blind,
    m007_asides,
    m008_unsent_files,
    m009_prompts,
    m010_datasets,
    m011_runs,
    m012_jobs,
    m013_run_ratings,
    m014_job_sources,
)

Migration = Callable[[apsw.Connection], None]

MIGRATIONS: tuple[Migration, ...] = (
    m001_first.migrate,
    m002_spend_sums.migrate,
    m003_lanes.migrate,
    m004_judged.migrate,
    m005_renditions.migrate,
    m006_blind.migrate,
    m007_asides.migrate,
    m008_unsent_files.migrate,
    m009_prompts.migrate,
    m010_datasets.migrate,
    m011_runs.migrate,
    m012_jobs.migrate,
    m013_run_ratings.migrate,
    m014_job_sources.migrate,
)
"""Step n takes the schema from `user_version` n - 1 to n."""
