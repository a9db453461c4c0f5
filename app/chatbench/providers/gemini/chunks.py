"""The shapes of Gemini's answers (google-genai 3.4.0: types.py GenerateContentResponse, Candidate, Part)."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import zip_longest

import msgspec

from chatbench.core.requests import TokenLogprob
from chatbench.core.usage import Usage

ABSENT = msgspec.Raw(b"null")
_TIERS = {
    "ON_DEMAND": "standard",
    "ON_DEMAND_PRIORITY": "priority",
    "ON_DEMAND_FLEX": "flex",
    "PROVISIONED_THROUGHPUT": "provisioned",
}


class Blob(msgspec.Struct, rename="camel"):
    data: str = ""
    mime_type: str = ""


class FileData(msgspec.Struct, rename="camel"):
    file_uri: str = ""
    mime_type: str = ""


class FunctionCall(msgspec.Struct, rename="camel"):
    name: str = ""
    id: str | None = None
    args: msgspec.Raw = ABSENT


class ChunkPart(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None


class Content(msgspec.Struct):
    parts: list[ChunkPart] | None = None


class Segment(msgspec.Struct, rename="camel"):
    start_index: int | None = None
    end_index: int | None = None


class Source(msgspec.Struct):
    """A page, a place on the map or a passage of one's own files."""

    uri: str | None = None
    title: str | None = None
    text: str | None = None


class GroundingChunk(msgspec.Struct, rename="camel"):
    web: Source | None = None
    retrieved_context: Source | None = None
    maps: Source | None = None

    @property
    def source(self) -> Source | None:
        return self.web or self.retrieved_context or self.maps


class Support(msgspec.Struct, rename="camel"):
    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class Grounding(msgspec.Struct, rename="camel"):
    grounding_chunks: list[GroundingChunk] | None = None
    grounding_supports: list[Support] | None = None
    web_search_queries: list[str] | None = None


class Recited(msgspec.Struct, rename="camel"):
    """A passage of the answer that stands elsewhere; its offsets count bytes."""

    start_index: int | None = None
    end_index: int | None = None
    uri: str | None = None
    title: str | None = None


class CitationMetadata(msgspec.Struct):
    citations: list[Recited] | None = None


class Weighed(msgspec.Struct, rename="camel"):
    token: str | None = None
    log_probability: float | None = None

    def typed(self, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
        return TokenLogprob(self.token or "", self.log_probability or 0.0, top)


class LikeliestThere(msgspec.Struct):
    candidates: list[Weighed] | None = None


class LogprobsResult(msgspec.Struct, rename="camel"):
    chosen_candidates: list[Weighed] | None = None
    top_candidates: list[LikeliestThere] | None = None

    def typed(self) -> tuple[TokenLogprob, ...]:
        """The tokens that were chosen, each with the likeliest in its place, where told."""
        places = self.top_candidates or []
        return tuple(
            token.typed(tuple(item.typed() for item in (place.candidates if place else None) or ()))
            for token, place in zip_longest(self.chosen_candidates or (), places)
            if token is not None
        )


class Candidate(msgspec.Struct, rename="camel"):
    index: int | None = None
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: Grounding | None = None
    citation_metadata: CitationMetadata | None = None
    logprobs_result: LogprobsResult | None = None


class Modality(msgspec.Struct, rename="camel"):
    modality: str = ""
    token_count: int | None = None


def _sound(details: list[Modality] | None) -> int:
    return sum(item.token_count or 0 for item in details or () if item.modality == "AUDIO")


class ChunkUsage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    prompt_tokens_details: list[Modality] | None = None
    candidates_tokens_details: list[Modality] | None = None
    traffic_type: str | None = None

    @property
    def tier(self) -> str:
        """What the call was served as, where it is told (not by the Gemini API itself)."""
        return _TIERS.get(self.traffic_type or "", "")

    def normalised(self, searches: int) -> Usage:
        """Gemini's candidates leave the thoughts out; ours counts everything that came out."""
        thoughts = self.thoughts_token_count or 0
        return Usage(
            input_tokens=(self.prompt_token_count or 0) + (self.tool_use_prompt_token_count or 0),
            output_tokens=(self.candidates_token_count or 0) + thoughts,
            cache_read_tokens=self.cached_content_token_count or 0,
            reasoning_tokens=thoughts,
            input_audio_tokens=_sound(self.prompt_tokens_details),
            output_audio_tokens=_sound(self.candidates_tokens_details),
            web_searches=searches,
        )


class Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Chunk(msgspec.Struct, rename="camel"):
    candidates: list[Candidate] | None = None
    usage_metadata: ChunkUsage | None = None
    prompt_feedback: Feedback | None = None
    model_version: str | None = None
    response_id: str | None = None
    create_time: str | None = None
    error: msgspec.Raw = ABSENT

    @property
    def created(self) -> int | None:
        """UTC seconds since the epoch; None where no time is told."""
        if not self.create_time:
            return None
        try:
            told = datetime.fromisoformat(self.create_time)
            return int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp())
        except ValueError:
            return None


chunk_decoder = msgspec.json.Decoder(Chunk)
