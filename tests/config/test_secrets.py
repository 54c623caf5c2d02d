"""Secrets: who may be able to read them, and that no error repeats them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.secrets import SECRET_MAX, SecretError, read_secret
from tests.config import access_lists


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "secrets"
    made.mkdir(mode=0o700)
    return made


def write(folder: Path, content: bytes, mode: int = 0o600, name: str = "oms") -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(folder: Path | None, name: str = "oms") -> str:
    with pytest.raises(SecretError) as caught:
        read_secret(folder, name)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_is_the_content_of_a_file_without_the_lines_end(folder: Path, mode: int) -> None:
    write(folder, b"hunter2\r\n", mode)
    found = read_secret(folder, "oms")
    assert found.get_secret_value() == b"hunter2"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o610, 0o644, 0o777])
def test_a_file_that_others_may_use_is_refused(folder: Path, mode: int) -> None:
    path = write(folder, b"hunter2", mode)
    assert refused(folder) == f"secret {path}: others may read it; allowed: chmod 600 {path}"


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_a_folder_that_others_may_change_is_refused(folder: Path, mode: int) -> None:
    write(folder, b"hunter2")
    folder.chmod(mode)
    assert refused(folder) == f"{folder}: others may write there; allowed: chmod go-w {folder}"


def test_what_is_no_secret_is_refused(folder: Path) -> None:
    assert "there is no folder of secrets; set secrets_dir" in refused(None)
    assert "cannot be read: No such file or directory" in refused(folder)
    assert "cannot be read: No such file or directory" in refused(folder / "none")
    write(folder, b"\n")
    assert refused(folder).endswith("empty")
    write(folder, b"x" * (SECRET_MAX + 1))
    assert refused(folder).endswith(f"larger than allowed; allowed: {SECRET_MAX} bytes")
    os.mkfifo(folder / "pipe", 0o600)
    assert refused(folder, "pipe").endswith("not a file")
    assert refused(folder, "..").endswith("not a file")


def test_a_credential_of_systemd_is_ours_though_its_mode_shows_a_group(folder: Path) -> None:
    access_lists.put(write(folder, b"hunter2"), access_lists.CREDENTIAL)
    assert read_secret(folder, "oms").get_secret_value() == b"hunter2"


@pytest.mark.parametrize("whose", access_lists.OPEN)
def test_a_list_that_lets_others_read_is_refused(folder: Path, whose: str) -> None:
    path = write(folder, b"hunter2")
    access_lists.put(path, access_lists.OPEN[whose])
    assert refused(folder) == f"secret {path}: others may read it; allowed: chmod 600 {path}"
