"""Other words by which an action is looked for: what people call it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from PySide6.QtCore import QCoreApplication


@cache
def keywords() -> Mapping[str, tuple[str, ...]]:
    """Action id → words, which a translation replaces by those of its own language."""
    return {key: tuple(words.split()) for key, words in _told().items()}


def _tr(words: str) -> str:
    return QCoreApplication.translate("palette keywords", words)


def _told() -> dict[str, str]:
    return {
        **_window(), **_appearance(), **_chats(), **_answers(), **_lanes(), **_rating(), **_prompts(),
        **_workbench(),
    }  # fmt: skip


def _workbench() -> dict[str, str]:
    return {
        "section.workbench": _tr("prompts library datasets runs evaluation evals test"),
        "workbench.new_prompt": _tr("create template library"),
        "workbench.new_dataset": _tr("create table rows csv"),
        "workbench.import": _tr("load file toml yaml csv jsonl xlsx promptfoo"),
        "workbench.fragments": _tr("shared text piece reuse include partial"),
        "workbench.folders": _tr("git directory watch sync files templates"),
        "workbench.jobs": _tr("half price provider collect queue"),
        "workbench.run": _tr("evaluate eval test matrix batch"),
    }


def _window() -> dict[str, str]:
    return {
        "section.settings": _tr("preferences options configuration config keys api providers shortcuts"),
        "section.chats": _tr("conversations home"),
        "view.sidebar": _tr("toggle hide show left panel history list collapse"),
        "view.inspector": _tr(
            "parameters temperature cost usage price system toggle hide show right panel details tokens info"
        ),
        "window.notices": _tr("notification toast message"),
        "window.shut": _tr("exit"),
        "window.close": _tr("exit leave end program"),
        "window.quick": _tr("mini small floating spotlight"),
        "window.new": _tr("another second open"),
        "tab.restore": _tr("reopen undo closed last"),
        "tab.split": _tr("split side by side column pane two"),
        "tab.unsplit": _tr("unsplit single close column merge panes"),
        "tab.close_others": _tr("all"),
        "tab.window": _tr("detach pop out separate"),
        "tab.next_column": _tr("switch focus pane column"),
        "tab.previous_column": _tr("switch focus pane column"),
    }


def _appearance() -> dict[str, str]:
    return {
        "appearance.light": _tr("theme mode white day bright colors appearance"),
        "appearance.dark": _tr("theme mode black night colors appearance"),
        "appearance.system": _tr("theme mode automatic auto colors appearance default"),
        "appearance.larger": _tr("zoom in font size bigger increase scale"),
        "appearance.smaller": _tr("zoom out font size decrease scale"),
        "appearance.usual": _tr("zoom reset actual 100% normal default font size scale"),
        "appearance.narrow": _tr("reading width narrow column measure density"),
        "appearance.normal": _tr("reading width normal column measure density"),
        "appearance.wide": _tr("reading width wide column measure density"),
        "appearance.full": _tr("reading width full column measure density"),
        "appearance.motion": _tr("animation animations reduce disable accessibility still"),
        "appearance.numbers": _tr("show hide code block gutter"),
    }


def _chats() -> dict[str, str]:
    return {
        "chat.new": _tr("conversation create start"),
        "chat.temporary": _tr("incognito private ephemeral secret off-the-record"),
        "chat.find": _tr("search text conversation"),
        "chat.search": _tr("history find all conversations messages"),
        "chat.rename": _tr("title name"),
        "chat.export": _tr("save download markdown html json pdf share backup"),
        "chat.delete": _tr("remove trash bin erase conversation"),
        "chat.trash": _tr("bin deleted restore recover recycle"),
        "chat.save-assistant": _tr("preset persona bot gpt character role"),
        "chat.assistants": _tr("persona preset bot personas presets bots gpts characters roles manage"),
        "chat.context": _tr("context tokens window preview request prompt cost"),
        "chat.tree": _tr("tree branch versions map graph overview history"),
        "chat.attach": _tr("upload add picture image document pdf photo"),
        "chat.model": _tr("switch change llm provider select pick"),
        "chat.leaderboard": _tr("ranking elo rating scores best arena wins"),
    }


def _answers() -> dict[str, str]:
    return {
        "chat.stop": _tr("cancel abort halt interrupt generating"),
        "chat.regenerate": _tr("retry again redo rerun answer"),
        "chat.regenerate-model": _tr("retry again switch"),
        "chat.regenerate-parameters": _tr("retry again temperature settings"),
        "chat.continue": _tr("resume go on more longer cut"),
        "chat.add": _tr("insert message user"),
        "chat.add-answer": _tr("insert message assistant prefill fake"),
        "chat.edit-question": _tr("change message my prompt"),
        "chat.edit-answer": _tr("change correct rewrite reply response"),
        "chat.quote": _tr("cite reply"),
        "chat.fork": _tr("branch duplicate copy clone split off"),
        "chat.outline": _tr("headings contents toc jump"),
        "chat.leave-out": _tr("exclude ignore skip mute hide"),
        "chat.summarise": _tr("summarize compact compress shorten condense"),
        "chat.undo-delete": _tr("restore recover"),
        "chat.branch-back": _tr("version sibling other"),
        "chat.branch-on": _tr("version sibling other"),
    }


def _lanes() -> dict[str, str]:
    return {
        "lanes.add": _tr("compare model second side by side another"),
        "lanes.columns": _tr("compare columns side by side layout"),
        "lanes.grid": _tr("compare tiles layout"),
        "lanes.tabs": _tr("compare layout single"),
        "lanes.stacked": _tr("compare vertical rows layout"),
        "lanes.link": _tr("synchronise sync scrolling lock"),
        "lanes.differences": _tr("diff compare words changes"),
        "lanes.settings": _tr("diff compare parameters"),
        "lanes.figures": _tr("speed latency tokens cost statistics stats metrics table"),
        "lanes.merge": _tr("combine synthesise synthesize join"),
        "lanes.sweep": _tr("experiment vary temperature parameter"),
        "lanes.continue": _tr("keep choose pick winner"),
        "lanes.close": _tr("remove delete model"),
        "lanes.ask": _tr("answer missing late"),
    }


def _rating() -> dict[str, str]:
    return {
        "lanes.best": _tr("rate winner vote prefer thumbs up like good"),
        "lanes.bad": _tr("rate vote thumbs down dislike worse"),
        "lanes.tie": _tr("rate vote equal draw same"),
        "lanes.blind": _tr("blind anonymous arena shuffle mode test"),
    }


def _prompts() -> dict[str, str]:
    return {
        "prompts.all": _tr("template snippet templates snippets library saved manage edit delete rename"),
        "prompts.new": _tr("template snippet create"),
        "prompts.save": _tr("template snippet store keep"),
    }
