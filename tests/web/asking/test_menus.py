"""The menu of methods."""

from topple import registry


def test_every_method_is_on_the_menu_with_whether_it_fits(client):
    menu = client.get("/v1/models/films/methods").json()["methods"]
    assert [each["explainer"] for each in menu] == list(registry.names("explainers"))
    by_name = {each["explainer"]: each for each in menu}
    assert by_name["auto"]["fits"]
    assert by_name["lxr"]["learns"]
    assert not by_name["auto"]["learns"]
    assert all(each["reason"] for each in menu)
