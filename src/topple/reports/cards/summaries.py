"""Cards of a split, a model and an evaluation: sentences and a table of facts."""

from topple.data.splitting import Split
from topple.metrics import Evaluation
from topple.reports.cards.html import Html, rendered
from topple.reports.fitting import split_sentences, training_sentences
from topple.reports.tables import evaluation_rows, evaluation_sentences
from topple.scoring.findings.telling import chosen_settings, learned_numbers
from topple.scoring.recommender import Recommender


def split_card(split: Split) -> Html:
    """Return the card of a split: who is trained on and held out, and the first items of the catalogue."""
    catalogue = split.catalogue
    known = catalogue.vocabulary.decode(range(min(3, len(catalogue))))
    rows = (
        [[str(item), catalogue.title(item)] for item in known]
        if catalogue.titles is not None
        else [[str(item)] for item in known]
    )
    columns = ["item", "title"] if catalogue.titles is not None else ["item"]
    more = f"and {len(catalogue) - len(known):,} more items" if len(catalogue) > len(known) else ""
    return _facts(f"Split {split.name}", split_sentences(split), columns, rows, more)


def model_card(recommender: Recommender) -> Html:
    """Return the card of a recommender: what it is, what it learned from, and how; the model is not asked for scores."""
    rows = [["items", f"{len(recommender.catalogue):,}"]]
    size = learned_numbers(recommender)
    rows += [["learned numbers", f"{size:,}"]] if size else []
    rows += [[name.replace("_", " "), str(value)] for name, value in chosen_settings(recommender).items()]
    rows += [["can", ", ".join(sorted(each.value.replace("_", " ") for each in recommender.capabilities)) or "score"]]
    quality = recommender.training.get("validation_ndcg_100")
    rows += [["validation NDCG@100", f"{quality:.3f}"]] if isinstance(quality, float) else []
    lines = training_sentences(recommender.training) if recommender.training else []
    return _facts(f"{type(recommender).__name__} ({recommender.name})", lines, [], rows)


def evaluation_card(evaluation: Evaluation) -> Html:
    """Return the card of an evaluation: every metric under each candidate rule, with what it was divided by."""
    columns = ["metric", *(rule.value for rule in evaluation.measurements), "of"]
    return _facts("Evaluation", evaluation_sentences(evaluation), columns, evaluation_rows(evaluation))


def _facts(title: str, lines: list[str], columns: list[str], rows: list[list[str]], more: str = "") -> Html:
    """Return a card of sentences and a table."""
    return Html(rendered("facts.html", title=title, lines=lines, columns=columns, rows=rows, more=more), title=title)
