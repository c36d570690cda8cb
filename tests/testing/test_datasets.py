"""Each data set here breaks one rule; the kit must say which."""

from dataclasses import replace
from pathlib import Path

import pytest
from scipy import sparse

from topple.data.sources.base import Source
from topple.data.sources.generated import Generated
from topple.errors import ContractError
from topple.testing import check_dataset, tiny_split


class Tiny(Source):
    name, title, homepage, licence, citation = "tiny", "Tiny", "nowhere", "none", "none"
    files = ()

    def folder(self, data_dir=None):
        return Path()

    def read(self, folder):
        raise NotImplementedError

    def load(self, data_dir=None):
        return Generated().load()

    def split(self, data_dir=None, options=None):
        return self.change(tiny_split())

    def change(self, split):
        return split


class NoLicence(Tiny):
    licence = ""


class AcceptsAnyFolder(Tiny):
    files = ("ratings.csv",)


class UserTwice(Tiny):
    def change(self, split):
        return replace(split, test=split.validation)


class Counts(Tiny):
    def change(self, split):
        return replace(split, train=split.train * 2)


class UnseenItems(Tiny):
    def change(self, split):
        train = split.train.tolil()
        train[:, 3] = 0
        return replace(split, train=sparse.csr_matrix(train))


class GivesTheAnswer(Tiny):
    def change(self, split):
        test = replace(split.test, fold_in=split.test.held_out)
        return replace(split, test=test)


class OtherWidth(Tiny):
    def change(self, split):
        return replace(split, train=split.train[:, :-1])


class NeverTheSame(Tiny):
    calls = 0

    def split(self, data_dir=None, options=None):
        type(self).calls += 1
        return tiny_split(seed=self.calls)


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (NoLicence, "licence: ''. Rule: licence is declared, as text"),
        (AcceptsAnyFolder, "an empty folder: accepted. Rule: a folder without the files is refused"),
        (UserTwice, "users in two parts"),
        (Counts, "train: values: not all 1"),
        (UnseenItems, "catalogue: .*without a training user"),
        (GivesTheAnswer, "pairs in fold-in and held out"),
        (OtherWidth, r"train: shape: .*users x items"),
        (NeverTheSame, "split twice: they differ"),
    ],
)
def test_a_broken_data_set_is_told_which_rule_it_breaks(kind, match):
    with pytest.raises(ContractError, match=match):
        check_dataset(kind)


def test_a_data_set_that_keeps_the_contract_passes():
    check_dataset(Tiny)
    check_dataset(Tiny())
