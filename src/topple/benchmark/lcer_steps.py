"""Compiled: gradient steps of LCER on one query of a Mult-VAE, in float32 as in the published code.

Every product adds whole rows of a weight, so that it is computed by vector instructions in an order that is written here: the same
numbers give the same bits, however many threads there are.
"""

from typing import NamedTuple

import numpy as np

from topple.compiled import compiled
from topple.types import BoolArray, SingleArray

FASTER, SLOWER = 0.9, 0.999
"""How much of the means of gradients and of their squares a step of Adam keeps."""


class Network(NamedTuple):
    """What a Mult-VAE needs to score one target of one history; weights transposed too, for the gradients.

    Args:
        rows: the rows of the first weight that are those of the history [H, D].
        rows_back: transposed [D, H].
        first_bias: of the first layer [D].
        inner: the weight from the first layer to the mean of q [D, D].
        inner_back: transposed.
        inner_bias: of the mean of q [D].
        outer: the weight from the mean of q to the last hidden layer [D, D].
        outer_back: transposed.
        outer_bias: of the last hidden layer [D].
        column: the weights from the last hidden layer to the score of the target [D].
        bias: of that score.
    """

    rows: SingleArray
    rows_back: SingleArray
    first_bias: SingleArray
    inner: SingleArray
    inner_back: SingleArray
    inner_bias: SingleArray
    outer: SingleArray
    outer_back: SingleArray
    outer_bias: SingleArray
    column: SingleArray
    bias: np.float32


class Aim(NamedTuple):
    """What is learned for.

    Args:
        margin: the score that the target should fall below.
        alpha: by how much.
        lam: price of each removed item.
        temperature: of the softmax.
        rate: learning rate.
    """

    margin: np.float32
    alpha: np.float32
    lam: np.float32
    temperature: np.float32
    rate: float


class Learned(NamedTuple):
    """What is learned, and the optimiser's means, of each item of the history [H]."""

    weight: SingleArray
    mean: SingleArray
    square: SingleArray


class Best(NamedTuple):
    """The sample of lowest loss: whether each item is removed [H], and loss and score of the target, in that order [2]."""

    gone: BoolArray
    loss_and_score: SingleArray


@compiled
def learn(network: Network, aim: Aim, learned: Learned, noise: SingleArray, before: int, best: Best) -> None:
    """Take a step for each row of the noise [S, H]; `learned` and `best` are changed.

    Args:
        network: what scores the target.
        aim: what is learned for.
        learned: the weight to keep each item, against that to remove it, and the optimiser's means.
        noise: what is added to the weights in each step.
        before: how many steps the optimiser took before.
        best: the sample of lowest loss until now.
    """
    items, hidden = network.rows.shape
    keep, slope = np.empty(items, np.bool_), np.empty(items, np.float32)
    total, first, last = np.empty(hidden, np.float32), np.empty(hidden, np.float32), np.empty(hidden, np.float32)
    for step in range(len(noise)):
        gone = 0
        for item in range(items):
            keep[item] = learned.weight[item] + noise[step, item] > 0
            gone += not keep[item]
        scale = np.float32(1 / np.sqrt(max(items - gone, 1e-12)))
        score = forward(network, keep, scale, total, first, last)
        short = aim.alpha + score - aim.margin
        loss = max(short, np.float32(0)) + aim.lam * np.float32(gone)
        if loss < best.loss_and_score[0]:
            best.loss_and_score[0], best.loss_and_score[1] = loss, score
            best.gone[:] = ~keep
        slope[:] = 0
        if short > 0:
            backward(network, keep, scale, total, first, last, slope)
        for item in range(items):
            chance = 1 / (1 + np.exp(-(learned.weight[item] + noise[step, item]) / aim.temperature))
            slope[item] = (slope[item] - aim.lam) * chance * (1 - chance) / aim.temperature
        adam(learned, slope, aim.rate, before + step + 1)


@compiled
def forward(
    network: Network, keep: BoolArray, scale: np.float32, total: SingleArray, first: SingleArray, last: SingleArray
) -> np.float32:
    """Return the score of the target for the items that are kept; the sum of their rows and the hidden layers are filled in [D]."""
    total[:] = 0
    for item in range(len(keep)):
        if keep[item]:
            add(total, network.rows[item], np.float32(1))
    for unit in range(len(first)):
        first[unit] = np.tanh(total[unit] * scale + network.first_bias[unit])
    latent = network.inner_bias.copy()
    for unit in range(len(first)):
        add(latent, network.inner[unit], first[unit])
    last[:] = network.outer_bias
    for unit in range(len(latent)):
        add(last, network.outer[unit], latent[unit])
    score = network.bias
    for unit in range(len(last)):
        last[unit] = np.tanh(last[unit])
        score += last[unit] * network.column[unit]
    return score


@compiled
def backward(
    network: Network,
    keep: BoolArray,
    scale: np.float32,
    total: SingleArray,
    first: SingleArray,
    last: SingleArray,
    slope: SingleArray,
) -> None:
    """Add to `slope` [H] how the score changes with how much of each item is kept; the other arrays are those of `forward`."""
    latent, inner = np.zeros(len(network.inner_bias), np.float32), np.zeros(len(first), np.float32)
    for unit in range(len(last)):
        add(latent, network.outer_back[unit], network.column[unit] * (1 - last[unit] * last[unit]))
    for unit in range(len(latent)):
        add(inner, network.inner_back[unit], latent[unit])
    along = np.float32(0)  # how the score changes with the scale, which every kept item lowers
    for unit in range(len(first)):
        inner[unit] *= 1 - first[unit] * first[unit]
        along += inner[unit] * total[unit]
        add(slope, network.rows_back[unit], inner[unit] * scale)
    for item in range(len(keep)):
        if keep[item]:
            slope[item] -= along * scale * scale * scale


@compiled
def adam(learned: Learned, slope: SingleArray, rate: float, step: int) -> None:
    """Take a step of Adam down the slopes [H]; `step` counts from 1."""
    faster, slower = np.float32(FASTER), np.float32(SLOWER)
    length = np.float32(rate * np.sqrt(1 - SLOWER**step) / (1 - FASTER**step))
    for item in range(len(slope)):
        learned.mean[item] = faster * learned.mean[item] + (1 - faster) * slope[item]
        learned.square[item] = slower * learned.square[item] + (1 - slower) * slope[item] * slope[item]
        learned.weight[item] -= length * learned.mean[item] / (np.sqrt(learned.square[item]) + np.float32(1e-8))


@compiled
def add(values: SingleArray, row: SingleArray, times: np.float32) -> None:
    """Add a row, so many times, to values of the same length, in place."""
    for unit in range(len(values)):
        values[unit] += times * row[unit]
