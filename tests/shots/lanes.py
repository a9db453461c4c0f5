"""Models side by side, as they are photographed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from tests.loopback import openai_chat, replies
from tests.scenarios.lanes import ask, open_dialogs, tell, writing
from tests.scenarios.window import click, finished, press, until, write
from tests.shots.stage import WIDE, Stage, staged

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.ui.chat.conversation import ConversationView

NAMES = ("sonnet-4.5", "qwen3:32b", "llama-3.3-70b")
MORE = ("mistral-large", "gemma3:27b", "deepseek-v3.2", "command-a", "phi-4-reasoning")
QUESTION = (
    "How do I make sure, in PostgreSQL 16, that a customer never has two active subscriptions? "
    "We insert from several workers."
)
FIRST = """Use a **unique partial index**. It lets the database enforce the rule, even when two \
requests arrive together.

```sql
CREATE UNIQUE INDEX CONCURRENTLY one_active
    ON subscription (customer_id)
 WHERE cancelled_at IS NULL;
```

Build it with `CONCURRENTLY` so that writes go on while it is built. First find the rows that \
already break the rule, or the build fails and leaves an invalid index behind.

In the application, catch the unique violation and return the existing subscription.

1. A pause that keeps the row active still blocks a second one.
2. The index sees one table, so a move between tables needs its own check.
"""
SECOND = """Use a **unique partial index**. It lets the database enforce the rule, even if two \
requests arrive in the same millisecond.

```sql
CREATE UNIQUE INDEX one_active
    ON subscription (customer_id)
 WHERE status = 'active';
```

First find the rows that already break the rule, or the build fails.

In the application, catch the unique violation and retry the read, then return the existing \
subscription.

1. A pause that keeps the row in the state active still blocks a second one.
"""
THIRD = """The safest way is to let the database enforce it. In PostgreSQL, a partial unique index \
on `customer_id` that covers only the active rows refuses the second insert, whichever worker is first."""
ARABIC_QUESTION = "كيف أضمن في PostgreSQL 16 ألّا يملك العميل اشتراكين نشطين في الوقت نفسه؟"
ARABIC = """استخدم **فهرسًا جزئيًا فريدًا**، فهو يجعل قاعدة البيانات نفسها تفرض القاعدة حتى لو وصل \
طلبان معًا.

```sql
CREATE UNIQUE INDEX one_active ON subscription (customer_id)
 WHERE cancelled_at IS NULL;
```

1. ابحث أولًا عن الصفوف التي تخالف القاعدة.
2. التقط خطأ `unique_violation` في التطبيق، ثم أعد الاشتراك القائم.
"""
CJK_QUESTION = "PostgreSQL 16で、顧客が同時に二つの有効な契約を持たないようにするには?"
JAPANESE = """**部分ユニークインデックス**を使います。二つの要求が同時に届いても、\
データベースが規則を守ります。

- まず、規則に反する行を探してください。
- `unique_violation`を捕まえ、既存の契約を返します。
"""
CHINESE = """使用**部分唯一索引**。即使两个请求同时到达,数据库也会保证规则成立。

- 请先查找已经违反规则的行。
- 在应用中捕获`unique_violation`,返回现有的订阅。
"""


async def lanes(profile: Path, pictures: Path, scheme: str) -> None:
    """Three lanes: empty, done, rated, their differences, in every arrangement, narrower and narrower."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        view = await _laned(stage, NAMES, (FIRST, SECOND, THIRD))
        await stage.shoot("lanes-three-empty")
        await ask(view, QUESTION)
        view.compare.judging.rate(view.lanes.views[0], "best")
        await stage.shoot("lanes-three-done")
        view.compare.contrast.choose(view.lanes.views[0].id)
        await stage.shoot("lanes-three-differences")
        for arrangement in ("grid", "tabs"):
            view.compare.arrange(arrangement)
            await stage.shoot(f"lanes-three-{arrangement}")
        stage.window.resize(1440, 1300)
        view.compare.arrange("stacked")
        await stage.shoot("lanes-three-stacked")


async def lanes_turns(profile: Path, pictures: Path, scheme: str) -> None:
    """Three turns of three lanes: the questions between the answers, folded and open."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        view = await _laned(stage, NAMES, (THIRD, THIRD.replace("whichever", "no matter which"), THIRD))
        for question in (QUESTION, "And in MySQL?", f"And with Kysely? {QUESTION} {QUESTION}"):
            await ask(view, question)
        await stage.shoot("lanes-turns")
        click(view.strip.edit)
        await until(lambda: view.edits.reasking, "the sheet")
        await stage.shoot("lanes-question-edited")
        assert view.edits.reasking is not None
        click(view.edits.reasking.cancel)
        lane = view.lanes.views[1].transcript
        lane.setFocus()
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Up):
            press(lane, key, Qt.KeyboardModifier.ControlModifier)
        press(lane, Qt.Key.Key_Tab)
        press(lane, Qt.Key.Key_Return)
        await stage.shoot("lanes-turns-open")
        stage.window.resize(1440, 1300)
        view.compare.arrange("stacked")
        await stage.shoot("lanes-turns-stacked")


async def lanes_streaming(profile: Path, pictures: Path, scheme: str) -> None:
    """Three lanes under way: one slow, one quick, one that broke off."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        view = await _laned(stage, NAMES, (FIRST, SECOND, THIRD))
        tell(stage.server, NAMES[0], FIRST, pace=60)
        tell(stage.server, NAMES[1], SECOND, pace=30)
        cut = openai_chat.answer(openai_chat.pieces(THIRD), model=NAMES[2])[:-12]
        stage.server.told[NAMES[2]] = replies.events(cut, end="cut")
        write(view, QUESTION)
        press(view.composer.editor, Qt.Key.Key_Return)
        await until(lambda: len(writing(view)) >= 2, "words in two lanes")
        await stage.quiet(2)
        await stage.shoot("lanes-streaming-one-failed")
        view.stop()
        await finished(view)
        await stage.shoot("lanes-stopped-one-failed")


async def lanes_eight(profile: Path, pictures: Path, scheme: str) -> None:
    """Eight lanes, in columns, a grid and tabs, and while all are written."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        answers = (FIRST, SECOND, THIRD, SECOND, FIRST, THIRD, SECOND, FIRST)
        view = await _laned(stage, NAMES + MORE, answers)
        await ask(view, QUESTION)
        await stage.shoot("lanes-eight-columns")
        view.compare.arrange("tabs")
        await stage.shoot("lanes-eight-tabs")
        stage.window.resize(1900, 1300)
        view.compare.arrange("grid")
        await stage.shoot("lanes-eight-grid")
        for name, answer in zip(NAMES + MORE, answers, strict=True):
            tell(stage.server, name, answer, pace=30)
        write(view, "And in MySQL?")
        press(view.composer.editor, Qt.Key.Key_Return)
        await until(lambda: len(writing(view)) == len(answers), "words in all lanes")
        await stage.shoot("lanes-eight-busy")
        view.stop()
        await finished(view)


async def judging(profile: Path, pictures: Path, scheme: str) -> None:
    """Names hidden, the figures, the merging of answers, the leaderboard."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        view = await _laned(stage, NAMES, (FIRST, SECOND, THIRD))
        click(view.bar.blind)
        await ask(view, QUESTION)
        await stage.shoot("lanes-blind")
        click(view.lanes.views[0].foot.best)
        await until(lambda: not view.names_hidden, "the names")
        await stage.shoot("lanes-blind-rated")
        click(view.bar.blind)
        await ask(view, "And in MySQL?")
        await until(view.bar.figures.isEnabled, "figures")
        click(view.bar.figures)
        await until(QApplication.activePopupWidget, "the figures")
        await stage.shoot("lanes-figures")
        popup = QApplication.activePopupWidget()
        assert popup is not None
        popup.close()
        click(view.bar.merge)
        await until(open_dialogs, "the merging")
        await stage.shoot("lanes-merge")
        open_dialogs()[0].close()
        view.compare.show_leaderboard()
        await until(open_dialogs, "the leaderboard")
        await stage.shoot("leaderboard")


async def lanes_scripts(profile: Path, pictures: Path, scheme: str) -> None:
    """Two lanes in Arabic, the window right to left, and in Japanese and Chinese."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        view = await _laned(stage, NAMES[:2], (JAPANESE, CHINESE))
        await ask(view, CJK_QUESTION)
        await stage.shoot("lanes-cjk")
    QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    async with staged(profile.with_name("arabic"), pictures, scheme, model=None) as stage:
        view = await _laned(stage, NAMES[:2], (ARABIC, ARABIC.replace("أولًا ", "")))
        await ask(view, ARABIC_QUESTION)
        await stage.shoot("lanes-arabic")
        view.compare.contrast.choose(view.lanes.views[0].id)
        await stage.shoot("lanes-arabic-differences")
        await ask(view, f"{ARABIC_QUESTION} {ARABIC_QUESTION}")
        await stage.shoot("lanes-arabic-turns")


async def lanes_small(profile: Path, pictures: Path, scheme: str) -> None:
    """Two lanes where there is little room: 480 pixels, and text at 200 %."""
    async with staged(profile, pictures, scheme, model=None, size=(480, 900)) as stage:
        view = await _laned(stage, NAMES[:2], (FIRST, SECOND))
        await ask(view, QUESTION)
        await stage.shoot("lanes-narrow-480")
    async with staged(
        profile.with_name("large"), pictures, scheme, model=None, size=WIDE, text_scale=2.0
    ) as stage:
        view = await _laned(stage, NAMES[:2], (FIRST, SECOND))
        await ask(view, QUESTION)
        await stage.shoot("lanes-text-200-percent")


LANE_SCENES = (lanes, lanes_turns, lanes_streaming, lanes_eight, judging, lanes_scripts, lanes_small)


async def _laned(stage: Stage, names: tuple[str, ...], answers: tuple[str, ...]) -> ConversationView:
    """The conversation in view, with a lane for each of these models and what each will say."""
    view, services = stage.view, stage.session.services
    services.endpoints.save(
        Endpoint(
            id="loopback", name="Loopback", wire="openai_chat", auth="none", models=names,
            base_url=stage.server.base_url("openai_chat"),
        )
    )  # fmt: skip
    for name, answer in zip(names, answers, strict=True):
        tell(stage.server, name, answer)
    view.choose_model(ModelRef("loopback", names[0]))
    await until(lambda: view.lanes.views[0].lane.model == ModelRef("loopback", names[0]), "the model")
    for name in names[1:]:
        asked = Parameters(temperature=0.2)
        await services.lanes.add(view.id, model=ModelRef("loopback", name), parameters=asked)
    await until(lambda: len(view.lanes.views) == len(names), "the lanes")
    stage.window.set_sidebar_open(False)
    return view
