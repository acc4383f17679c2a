"""Citations of a model's answer, in the form that openai-chatkit's converter accepts.

The locked openai parses the annotation of `response.output_text.annotation.added` into classes of
its own, while openai-chatkit validates against those of `response_output_text` and raises for
everything else: another class, an unknown type, a missing field. One citation must not fail a run,
so each is validated here first, and one that can't be used is dropped and logged.
"""

from typing import Any, Final

import structlog
from openai import BaseModel
from openai.types.responses import ResponseOutputMessage, ResponseOutputText
from openai.types.responses.response_output_text import Annotation
from pydantic import TypeAdapter, ValidationError

_CITATION: Final = TypeAdapter[Annotation](Annotation)

log = structlog.get_logger(__name__)


def parse_citation(raw: object) -> Annotation | None:
    """Return a citation as the class that openai-chatkit knows; None for one that can't be used."""
    fields = raw.to_dict() if isinstance(raw, BaseModel) else raw
    if isinstance(fields, dict) and fields.get("type") == "url_citation":
        # Some compatible servers omit the title or send null; the converter requires one.
        fields = {**fields, "title": fields.get("title") or fields.get("url")}
    try:
        return _CITATION.validate_python(fields)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors()]
        log.warning("model.citation_dropped", reasons=reasons)
        return None


def parse_part_citations(part: Any) -> Any:
    """Return a content part with parsed citations; a part without any as it is."""
    if not isinstance(part, ResponseOutputText) or not part.annotations:
        return part
    parsed = (parse_citation(raw) for raw in part.annotations)
    citations = [citation for citation in parsed if citation is not None]
    return part.model_copy(update={"annotations": citations})


def parse_message_citations(message: ResponseOutputMessage) -> list[Any]:
    """Return the content of a message with parsed citations."""
    return [parse_part_citations(part) for part in message.content]
