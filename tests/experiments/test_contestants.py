"""The files of contestants and of tuning: who plays, with what, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.documents import DocumentError
from router.cli.experiment import FOLDER
from router.experiments.contestants import Entry, learner_types, read_contestants, tuned
from router.experiments.tuning import chosen, write


def written(folder: Path, text: str) -> Path:
    path = folder / "contestants.yaml"
    path.write_text(text)
    return path


def test_every_learner_that_ships_plays() -> None:
    found = read_contestants(FOLDER / "contestants.yaml")
    assert next(iter(found)) == "hazard"
    assert {each.learner for each in found.values()} == {*learner_types(), "oracle", "vowpal"} - {
        "static"
    }


def test_what_tuning_found_is_of_the_grids() -> None:
    """A grid that was changed without tuning again is noticed."""
    found = read_contestants(FOLDER / "contestants.yaml")
    for path in FOLDER.glob("tuned-*.yaml"):
        for entry in tuned(found, path):
            if entry == found[entry.name].entry(entry.name):
                continue  # the file says nothing of it
            values = dict(entry.parameters)
            for key, allowed in found[entry.name].grid.items():
                assert values[key] in allowed, (path.name, entry.name, key)


def test_a_grid_is_all_combinations(tmp_path: Path) -> None:
    text = (
        "contestants: {h: {learner: hazard, parameters: {kappa: 0.1}, grid: {gamma: [0.99, 1.0]}}}"
    )
    [variants] = [
        list(each.variants(name))
        for name, each in read_contestants(written(tmp_path, text)).items()
    ]
    assert variants == [
        Entry("h", "hazard", (("gamma", 0.99), ("kappa", 0.1))),
        Entry("h", "hazard", (("gamma", 1.0), ("kappa", 0.1))),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{learner: hazzard}", "no learner 'hazzard'; there are: "),
        ("{learner: hazard, parameters: {kapa: 1}}", "kapa"),
        ("{learner: hazard, grid: {gamma: [0.5, 1.5]}}", "less than or equal to 1"),
        ("{learner: hazard, grids: {}}", "grids"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, f"contestants:\n  good: {{learner: uniform}}\n  bad: {text}\n")
    if "uniform" not in learner_types():
        path.write_text(path.read_text().replace("uniform", "pro_rata"))
    with pytest.raises(DocumentError, match="3") as caught:
        read_contestants(path)
    assert told in str(caught.value)


def test_the_best_mean_is_chosen_and_read_again(tmp_path: Path) -> None:
    low, high = (Entry("h", "hazard", (("gamma", g), ("kappa", 0.0))) for g in (0.99, 1.0))
    path = tmp_path / "tuned.yaml"
    write(
        path, "sluice experiment dark --tune", "dark", chosen({low: [0.9, 0.5], high: [0.6, 0.7]})
    )
    text = """contestants:
      h: {learner: hazard}
      p: {learner: pro_rata}
      like_h: {learner: hazard, tuned_as: h, predicts: [drift]}
    """
    first, second, third = tuned(read_contestants(written(tmp_path, text)), path)
    assert dict(first.parameters) == {"gamma": 0.99, "kappa": 0.0}
    assert second == Entry("p", "pro_rata")
    assert (third.parameters, third.predicts) == (first.parameters, ("drift",))


def test_tuning_that_a_learner_cannot_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tuned.yaml"
    path.write_text('experiment: dark\nseeds: "1:12"\ntuned:\n  h: {gamma: 7.0}\n')
    with pytest.raises(DocumentError, match="gamma"):
        tuned(read_contestants(written(tmp_path, "contestants: {h: {learner: hazard}}")), path)
