"""Every command that the narration has words for is in its table: none is passed over."""

from __future__ import annotations

import re
from pathlib import Path

from router import messages
from router.runtime import narration


def test_every_command_with_words_is_said() -> None:
    source = Path(narration.__file__).read_text(encoding="utf-8")
    words, table = source.split("\n_SAID_BY")
    functions = words[words.index("\ndef _narrate(") :]
    named = set(re.findall(r"^        case (\w+)\(", functions, re.MULTILINE))
    assert len(named) > 20
    assert named <= set(re.findall(r"\w+", table))
    assert all(hasattr(messages, name) for name in named)
