"""One question, six ways to ask it: the answers have equal canonical JSON, and each way is asked for itself."""

import itertools
import json
from pathlib import Path

import httpx
import pytest

import topple
from tests.web.page.browsing import open_view, settled, visiting
from tests.web.served import serving
from topple import canonical_json
from topple.audit import AuditKeys, AuditStore
from topple.web.auditing import Auditing
from topple.web.models import load_served

USERS, TARGETS, GOALS, K = 3, 2, ("necessary", "sufficient"), 5
MODELS = {"ease": {}, "mult-vae": {"hidden": 16, "latent": 8, "batch_size": 100, "epochs": 4}}
WAYS = ["library", "command line", "service", "stream", "page", "store"]


@pytest.fixture(scope="module")
def folders(films, tmp_path_factory):
    """A folder of each model."""
    folder = tmp_path_factory.mktemp("models")
    for name, settings in MODELS.items():
        topple.save_model(topple.fit(films, name, settings=settings, progress=False), folder / name, films)
    return {name: folder / name for name in MODELS}


@pytest.fixture(scope="module")
def audited(folders, tmp_path_factory):
    """A service of these folders with an audit store: the address, and what `topple audit` is told."""
    folder = tmp_path_factory.mktemp("audit")
    keys = AuditKeys.create(folder / "audit.keys")
    given = ["--store", folder / "audit.sqlite", "--keys", folder / "audit.keys"]
    with AuditStore.open(folder / "audit.sqlite", keys) as store:
        models = [load_served(name, path) for name, path in folders.items()]
        with serving(models, audit=Auditing(store, required=True)) as (_, address):
            yield address, given


@pytest.fixture(scope="module")
def questions(folders, films):
    """Model, user, target and goal."""
    users = list(films.histories(limit=USERS).items())
    found = []
    for name, folder in folders.items():
        model = topple.load_model(folder)
        for user, history in users:
            listed = [one.item for one in topple.recommend(model, history, k=K)]
            found += [(name, user, target, goal) for target in listed[:TARGETS] for goal in GOALS]
    return found


def body_of(question):
    _, user, target, goal = question
    return {"user": user, "targets": [target], "goal": goal, "k": K, "effort": "instant"}


def canonical(told):
    """Return the canonical JSON of the one explanation that JSON tells."""
    (found,) = topple.Explanations.from_dict(json.loads(told) if isinstance(told, str) else told)
    return canonical_json(found)


def asked_of_the_library(questions, folders, films):
    models = {name: topple.load_model(folder) for name, folder in folders.items()}
    for name, user, target, goal in questions:
        histories = films.histories([user])
        (found,) = topple.explain(
            models[name], histories, targets=[target], k=K, goal=goal, effort="instant", progress=False
        )
        yield canonical_json(found)


def asked_of_the_command_line(questions, folders, run):
    for name, user, target, goal in questions:
        chosen = ["--user", user, "--target", target, "--goal", goal, "--k", K, "--effort", "instant"]
        result = run("explain", "--model", folders[name], *chosen, "--json")
        assert result.exit_code == 0, result.output
        yield canonical(result.stdout)


def asked_of_the_service(questions, address):
    """Return answers, and the id of each in the audit store."""
    answers, names = [], []
    for question in questions:
        found = httpx.post(f"{address}/v1/models/{question[0]}/explain", json=body_of(question), timeout=60)
        assert found.status_code == 200, found.text
        answers.append(canonical(found.text))
        names += found.json()["audit"]
    return answers, names


def asked_in_streams(questions, address):
    """Return answers to one stream a model, in the order of the questions."""
    for name, asked in itertools.groupby(questions, key=lambda question: question[0]):
        lines = "\n".join(json.dumps(body_of(question)) for question in asked)
        found = httpx.post(
            f"{address}/v1/models/{name}/explain-many", content=lines, timeout=60,
            headers={"Content-Type": "application/x-ndjson"},
        )  # fmt: skip
        yield from map(canonical, found.text.splitlines())


def asked_on_the_page(questions, address, browser):
    """Return what a person downloads who opens each question, and has read the sentence that the file holds."""
    with visiting(browser, address, accept_downloads=True) as page:
        page.base = address
        for name, user, target, goal in questions:
            open_view(page, f"model={name}&user={user}&why={target}&goal={goal}&k={K}")
            with page.expect_download() as waiting:
                page.locator("#saving button", has_text="JSON").click()
            settled(page)
            told = Path(waiting.value.path()).read_text(encoding="utf-8")
            (row,) = json.loads(told)["explanations"]
            assert page.locator("#answer .sentence").inner_text() == row["sentence"].replace("*", "")
            yield canonical(told)


def shown_of_the_store(questions, names, given, run):
    for (_, user, _, _), name in zip(questions, names, strict=True):
        result = run("audit", "show", name, *given, "--canonical", "--user", user)
        assert result.exit_code == 0, result.output
        yield result.stdout.strip()


def test_one_question_has_one_answer_whichever_way_it_is_asked(
    questions, folders, films, audited, browser, topple_command
):
    address, given = audited
    library = list(
        asked_of_the_library(questions, folders, films)
    )  # first: what is compiled is then compiled, and nobody waits
    served, names = asked_of_the_service(questions, address)
    answers = {
        "library": library,
        "command line": list(asked_of_the_command_line(questions, folders, topple_command)),
        "service": served,
        "stream": list(asked_in_streams(questions, address)),
        "page": list(asked_on_the_page(questions, address, browser)),
        "store": list(shown_of_the_store(questions, names, given, topple_command)),
    }
    assert list(answers) == WAYS
    assert {way: len(found) for way, found in answers.items()} == dict.fromkeys(WAYS, len(questions))
    for number, question in enumerate(questions):
        told = {way: found[number] for way, found in answers.items()}
        assert set(told.values()) == {told["library"]}, (question, told)
    assert len(set(served)) == len(questions), "every question is another, and so is every answer"
    statuses = [json.loads(each)["status"] for each in served]
    assert statuses.count("found") >= len(questions) / 2, statuses


@pytest.mark.parametrize("model", MODELS)
def test_what_the_store_exports_is_asked_again_and_is_the_same(
    questions, folders, audited, topple_command, tmp_path, model
):
    address, given = audited
    question = next(each for each in questions if each[0] == model)
    user, (expected,) = question[1], asked_of_the_command_line([question], folders, topple_command)
    _, (name,) = asked_of_the_service([question], address)
    exported = tmp_path / "given.jsonl"
    assert topple_command("audit", "export", *given, "--user", user, "--out", exported).exit_code == 0
    (line,) = [each for each in exported.read_text(encoding="utf-8").splitlines() if json.loads(each)["id"] == name]
    (tmp_path / "entry.json").write_text(line, encoding="utf-8")
    result = topple_command(
        "dossier", "--model", folders[model], "--user", user, "--replay", tmp_path / "entry.json", "--json"
    )
    assert result.exit_code == 0, result.output
    (again,) = json.loads(result.stdout)["answers"]
    assert again["now"] == again["recorded"] == expected
