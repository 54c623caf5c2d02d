"""The settings that a daemon ran with, in its state folder: kept once, and never in its way."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from structlog.testing import capture_logs

from config.settings import DEFAULT_CONFIG, Settings, load_settings
from router.cli.remembered import recall, remember
from tests.journal.faulty_storage import no_file_beyond


def loaded(state: Path) -> Settings:
    return load_settings(DEFAULT_CONFIG, [f"state={state}"])


def test_a_disk_that_takes_nothing_is_told_of_and_leaves_no_draft(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    with capture_logs() as lines, no_file_beyond(0):
        remember(settings, DEFAULT_CONFIG, [f"state={tmp_path}"])
    (told,) = lines
    assert told["event"] == "settings_not_kept"
    assert os.strerror(errno.EFBIG) in told["error"]
    assert list(tmp_path.iterdir()) == []
    assert recall(tmp_path, settings.digest()) is None


def test_what_is_kept_already_is_not_written_again(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    remember(settings, DEFAULT_CONFIG, [f"state={tmp_path}"])
    (file,) = tmp_path.iterdir()
    before = file.stat()
    with capture_logs() as lines, no_file_beyond(0):
        remember(settings, DEFAULT_CONFIG, [f"state={tmp_path}"])
    assert lines == []
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    remember(settings, DEFAULT_CONFIG, [f"state={tmp_path}"])
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    with capture_logs() as lines, no_file_beyond(0):
        remember(settings, DEFAULT_CONFIG, [f"state={tmp_path}", "routing.pause_ms=20"])
    assert [line["event"] for line in lines] == ["settings_not_kept"]
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == before
