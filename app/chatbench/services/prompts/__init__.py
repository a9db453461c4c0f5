"""Prompts of the workbench: the library and what is done with it."""

from chatbench.services.prompts.comparing import (
    MessageDifference,
    PromptDifference,
    SettingDifference,
    compare,
)
from chatbench.services.prompts.folders import PromptChanged, Synced, Unread
from chatbench.services.prompts.fragments import ANSWER, FragmentUse
from chatbench.services.prompts.fromchats import Case, case_of, prompt_of
from chatbench.services.prompts.improving import Change, Proposal
from chatbench.services.prompts.service import FRAGMENT, PromptService
from chatbench.templates.language import Parsed, Span, TemplateError, literal, parse, render, spans
from chatbench.templates.prompts import Filled, fill, fragments_of, variables_of

__all__ = [
    "ANSWER",
    "FRAGMENT",
    "Case",
    "Change",
    "Filled",
    "FragmentUse",
    "MessageDifference",
    "Parsed",
    "PromptChanged",
    "PromptDifference",
    "PromptService",
    "Proposal",
    "SettingDifference",
    "Span",
    "Synced",
    "TemplateError",
    "Unread",
    "case_of",
    "compare",
    "fill",
    "fragments_of",
    "literal",
    "parse",
    "prompt_of",
    "render",
    "spans",
    "variables_of",
]
