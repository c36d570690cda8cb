"""What models score, worked out again in NumPy from their arrays: nothing of the library scores here.

A function of the table takes the items of one history [H] and the kept weights of its events [S, H] (0 where an event is
removed), and returns the scores of the whole catalogue [S, I]. Sums are worked out in extended precision.
"""

import numpy as np

SUM = np.longdouble


def score_function(model):
    """Return the function that scores variations of a history as `model` should; None where there is none."""
    maker = MAKERS.get(model.name)
    if not maker:
        return None
    score = maker({name: array.detach().cpu().numpy() for name, array in model.arrays().items()}, model)
    return score if model.uses_weights else lambda items, kept: score(items, (kept > 0).astype(float))


def sums(rows):
    """Return the score function of a table [I, I] of what each kept item adds to each score."""
    table = rows.astype(SUM)
    return lambda items, kept: (kept.astype(SUM) @ table[items]).astype(np.float64)


def products(gives, vectors):
    """Return the score function of the sum of what items give [I, D], times the vectors [I, D] of the items scored."""
    gives, vectors = gives.astype(SUM), vectors.astype(SUM)
    return lambda items, kept: ((kept.astype(SUM) @ gives[items]) @ vectors.T).astype(np.float64)


def sparse_sums(p):
    """Return the score function of item-based neighbours."""
    table = np.zeros((len(p["indptr"]) - 1,) * 2)
    table[np.repeat(np.arange(len(table)), np.diff(p["indptr"])), p["indices"]] = p["similarities"]
    return sums(table)


def constant(counts):
    """Return the score function of a model that gives everybody the same scores [I]."""
    return lambda items, kept: np.repeat(counts.astype(np.float64)[None], len(kept), 0)


def least_squares(factors, alpha, regularisation):
    """Return the score function of implicit ALS: (Y'Y + reg I + alpha Y_H' diag(c) Y_H) x = (1 + alpha) Y_H' c."""
    y, alpha = factors.astype(SUM), SUM(alpha)
    whole = y.T @ y + SUM(regularisation) * np.eye(y.shape[1], dtype=SUM)

    def score(items, kept):
        z, kept = y[items], kept.astype(SUM)
        left = whole + alpha * np.einsum("sh,hd,he->sde", kept, z, z)
        return (_solved(left, (1 + alpha) * (kept @ z)) @ y.T).astype(np.float64)

    return score


def _solved(left, right):
    """Solve systems [S, D, D] for [S, D] by elimination; they are positive definite."""
    left, right = left.copy(), right.copy()
    for pivot in range(right.shape[1]):
        share = left[:, :, pivot] / left[:, pivot, pivot, None]
        share[:, pivot] = 0
        left -= share[..., None] * left[:, None, pivot]
        right -= share * right[:, None, pivot]
    return right / np.diagonal(left, axis1=1, axis2=2)


def autoencoder(layers):
    """Return the score function of layers (weight, bias, tanh) over the history divided by its L2 norm."""
    layers = [(weight.astype(np.float64), bias.astype(np.float64), bends) for weight, bias, bends in layers]

    def score(items, kept):
        distinct, event_of = np.unique(items, return_inverse=True)
        entries = np.zeros((len(kept), len(distinct)))
        np.add.at(entries.T, event_of, kept.T)  # events of one item add up
        norm = np.sqrt(np.maximum((entries**2).sum(1, keepdims=True), 1e-12))
        x = entries / norm @ layers[0][0][distinct] + layers[0][1]
        x = np.tanh(x) if layers[0][2] else x
        for weight, bias, bends in layers[1:]:
            x = x @ weight + bias
            x = np.tanh(x) if bends else x
        return x

    return score


def mult_vae(p):
    """Return the layers of Mult-VAE, with the mean of q."""
    latent = p["weight_p_0to1"].shape[0]
    return autoencoder(
        [
            (p["weight_q_0to1"], p["bias_q_1"], True),
            (p["weight_q_1to2"][:, :latent], p["bias_q_2"][:latent], False),
            (p["weight_p_0to1"], p["bias_p_1"], True),
            (p["weight_p_1to2"], p["bias_p_2"], False),
        ]
    )


def mult_dae(p):
    """Return the layers of Mult-DAE."""
    return autoencoder([(p["weight_0to1"], p["bias_1"], True), (p["weight_1to2"], p["bias_2"], False)])


def neumf(p):
    """Return the score function of NeuMF: a product and a perceptron over pooled vectors."""
    p = {name: array.astype(np.float64) for name, array in p.items()}

    def score(items, kept):
        share = kept / np.sqrt(np.maximum(kept.sum(1, keepdims=True), 1))
        product = share @ p["product_history"][items]
        user = share @ p["layers_history"][items] @ p["user_to_1"]
        out = product @ (p["product_items"] * p["product_to_score"]).T + p["biases"]
        hidden = np.maximum(user[:, None] + p["layers_items"] @ p["item_to_1"] + p["bias_1"], 0)
        hidden = np.maximum(hidden @ p["1_to_2"] + p["bias_2"], 0)
        return out + np.maximum(hidden @ p["2_to_3"] + p["bias_3"], 0) @ p["3_to_score"]

    return score


def sasrec(p, blocks, longest):
    """Return the score function of SASRec: the last state of the kept events, in order, gaps closed."""
    p = {name: array.astype(np.float64) for name, array in p.items()}

    def score(items, kept):
        out = np.zeros((len(kept), len(p["items"])))
        lengths = (kept > 0).sum(1)
        for length in np.unique(lengths[lengths > 0]):
            rows = np.flatnonzero(lengths == length)
            sequences = np.stack([items[kept[row] > 0] for row in rows])[:, -longest:]
            out[rows] = _last_state(p, blocks, sequences) @ p["items"].T
        return out

    return score


def _last_state(p, blocks, sequences):
    length, dimensions = sequences.shape[1], p["items"].shape[1]
    x = p["items"][sequences] * np.sqrt(dimensions) + p["positions"][np.arange(length)[::-1]]
    later = np.triu(np.full((length, length), -np.inf), 1)
    for block in range(blocks):
        asking = _norm(x, p[f"{block}.norm_attention"])
        match = (asking @ p[f"{block}.query"]) @ (x @ p[f"{block}.key"]).transpose(0, 2, 1) / np.sqrt(
            dimensions
        ) + later
        share = np.exp(match - match.max(-1, keepdims=True))
        x = asking + share / share.sum(-1, keepdims=True) @ (x @ p[f"{block}.value"])
        x = _norm(x, p[f"{block}.norm_feed_forward"])
        first, second = p[f"{block}.biases"]
        x = x + np.maximum(x @ p[f"{block}.first"] + first, 0) @ p[f"{block}.second"] + second
    return _norm(x, p["norm"])[:, -1]


def _norm(x, scale_and_shift):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale_and_shift[0] + scale_and_shift[1]


MAKERS = {
    "ease": lambda p, model: sums(p["weights"]),
    "toy": lambda p, model: sums(p["gives"]),
    "item-knn": lambda p, model: sparse_sums(p),
    "popularity": lambda p, model: constant(p["counts"]),
    "als": lambda p, model: least_squares(p["item_factors"], *p["fold_in"]),
    "bpr": lambda p, model: products(p["items"], p["items"]),
    "lightgcn": lambda p, model: products(p["gives"], p["items"]),
    "mult-vae": lambda p, model: mult_vae(p),
    "mult-dae": lambda p, model: mult_dae(p),
    "neumf": lambda p, model: neumf(p),
    "sasrec": lambda p, model: sasrec(p, model.settings.blocks, model.settings.max_length),
}
