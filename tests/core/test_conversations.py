"""The tree of a conversation: paths, siblings, and where a switch of branches leads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.conversations import Conversation, ConversationSummary, TreeMessage

HEAD = ConversationSummary(id="c", title="", created_at=0, updated_at=0)


@st.composite
def trees(draw: st.DrawFn) -> Conversation:
    """Any tree: each message hangs from one before it, or from nothing."""
    messages: list[TreeMessage] = []
    for at in range(draw(st.integers(1, 20))):
        parent = draw(st.sampled_from([None, *messages]))
        siblings = sum(m.parent_id == (parent.id if parent else None) for m in messages)
        messages.append(
            TreeMessage(
                id=f"m{at:02}", conversation_id="c", parent_id=parent.id if parent else None, turn_id="t",
                role="assistant" if parent and parent.role == "user" else "user", position=siblings,
                created_at=at,
            )
        )  # fmt: skip
    return Conversation(summary=HEAD, messages=tuple(draw(st.permutations(messages))))


@given(trees())
def test_a_path_leads_from_the_root(conversation: Conversation) -> None:
    for message in conversation.messages:
        path = conversation.path(message.id)
        assert path[-1] == message
        assert path[0].parent_id is None
        assert [m.id for m in path[:-1]] == [m.parent_id for m in path[1:]]


@given(trees())
def test_siblings_share_a_parent_and_are_in_order(conversation: Conversation) -> None:
    for message in conversation.messages:
        siblings = conversation.siblings(message.id)
        assert message in siblings
        assert [m.position for m in siblings] == sorted(m.position for m in siblings)
        assert {(m.parent_id, m.role) for m in siblings} == {(message.parent_id, message.role)}
        assert all(conversation.siblings(m.id) == siblings for m in siblings)


@given(trees())
def test_the_newest_leaf_is_below_and_the_newest(conversation: Conversation) -> None:
    for message in conversation.messages:
        path = conversation.path(conversation.newest_leaf(message.id))
        assert message in path
        assert not any(m.parent_id == path[-1].id for m in conversation.messages)
        for upper, lower in zip(path[path.index(message) :], path[path.index(message) + 1 :], strict=False):
            children = [m for m in conversation.messages if m.parent_id == upper.id]
            assert lower == max(children, key=lambda m: m.created_at)


def test_what_is_not_there() -> None:
    empty = Conversation(summary=HEAD)
    assert empty.path(None) == ()
    assert empty.path("gone") == ()
    assert empty.siblings("gone") == ()
    assert empty.newest_leaf("gone") == "gone"
    orphan = TreeMessage(id="a", conversation_id="c", parent_id="gone", turn_id="t", role="user")
    assert Conversation(summary=HEAD, messages=(orphan,)).path("a") == (orphan,)
