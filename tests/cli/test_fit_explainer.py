import json

QUICK = ["--set", "epochs=2", "--set", "tries=1", "--set", "hidden=8"]


def test_a_folder_with_the_name_of_the_method_is_the_folder(topple, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    topple("fit", "--explainer", "lxr", "--model", model, "--out", "lxr", *QUICK)
    told = topple("explain", "--model", model, "--explainer", "lxr", "--users", 1)
    assert told.exit_code == 0, told.output
    refused = topple("explain", "--model", model, "--explainer", "lxr", "--users", 1, "--set", "prune=true")
    assert "lxr is the folder of a fitted explainer" in " ".join(refused.stderr.split())


def test_an_explainer_is_fitted_saved_and_asked(topple, model, tmp_path):
    fitted = topple("fit", "--explainer", "lxr", "--model", model, "--out", tmp_path / "lxr", *QUICK)
    assert "Next: topple explain --model" in fitted.stdout
    assert "validation pos" in fitted.stdout
    told = topple("explain", "--model", model, "--explainer", tmp_path / "lxr", "--users", 2, "--json")
    found = json.loads(told.stdout)["explanations"]
    assert {each["method"] for each in found} == {"lxr"}
    assert all(len(each["attributions"]) == len(each["history"]) for each in found)
    again = topple("fit", "--explainer", "lxr", "--model", model, "--out", tmp_path / "lxr", *QUICK)
    assert again.exit_code == 2
    assert "exists" in again.stderr
    facts = topple(
        "fit", "--explainer", "lxr", "-m", model, "-o", tmp_path / "lxr", *QUICK, "--overwrite", "--seed", 3, "--json"
    )
    assert json.loads(facts.stdout)["training"]["epochs"] == 2


def test_bad_input_is_refused_in_words(topple, model, tmp_path):
    out = tmp_path / "e"
    for given, told in [
        (["--explainer", "greedy", "--model", model], "greedy does not learn"),
        (["--explainer", "lxr"], "Give both --explainer NAME and --model FOLDER"),
        (["--model", model], "Give both --explainer NAME and --model FOLDER"),
        (["--explainer", "lxr", "--model", model, "--epochs", 3], "--epochs is of recommenders"),
        (["--factory", "a:b", "--dataset", "generated"], "Give --explainer and --model with it"),
    ]:
        result = topple("fit", *given, "--out", out)
        assert result.exit_code == 2
        assert told in " ".join(result.stderr.split())
    assert not out.exists()
    asked = topple("explain", "--model", model, "--explainer", "lxr", "--users", 1)
    assert "topple fit --explainer lxr" in " ".join(asked.stderr.split())
