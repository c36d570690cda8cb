"""What a request may hold. Ids are texts or whole numbers as the data has them; unknown fields are refused."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from topple.records.effort import Effort
from topple.records.question import CandidateRule, Goal, Repeats, Unknown

AnId: TypeAlias = Annotated[StrictInt | StrictStr, Field(description="An id as the data has it.")]
Ids: TypeAlias = list[AnId]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class Body(BaseModel):
    """Base of what requests hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Who(Body):
    """Whose history: a user of the model's data, or the items themselves."""

    user: AnId | None = Field(
        default=None, description="A user of the model's data; with a history: who is named in the audit store."
    )
    history: Ids | None = Field(default=None, description="The item of each event, oldest first.")
    weights: list[Number] | None = Field(default=None, description="The weight of each event of `history`.")
    context: Any = Field(default=None, description="What a wrapped model is told besides.")
    unknown: Unknown = Field(
        default=Unknown.REFUSE, description="What becomes of ids that the catalogue does not hold."
    )


class ListBody(Who):
    """Whose list, how long, and of which items."""

    k: int = Field(default=5, ge=1, description="Length of the list.")
    rule: CandidateRule = Field(default=CandidateRule.UNSEEN_BEFORE, description="Which items compete after a removal.")
    candidates: Ids | None = Field(default=None, description="The only items that may be listed.")
    exclude: Ids = Field(default=[], description="Items that may not be listed.")


class ScoreBody(Who):
    """Which items to score."""

    items: Ids | None = Field(default=None, description="The items to score; all of the catalogue without.")


class WhatIfBody(ListBody):
    """One change of the history: exactly one of `without`, `only`, `add`."""

    without: Ids | None = Field(default=None, description="Items to take out.")
    only: Ids | None = Field(default=None, description="Items to keep alone.")
    add: Ids | None = Field(default=None, description="Items to append.")


class Constrained(ListBody):
    """What a set may be."""

    goal: Goal = Field(default=Goal.NECESSARY, description="What the set is to do.")
    protected: Ids = Field(default=[], description="Items that may not be named.")
    groups: list[Ids] = Field(default=[], description="Items that are named together or not at all.")
    item_costs: list[tuple[AnId, Number]] = Field(default=[], description="Pairs of item and cost; others cost 1.")
    largest: int | None = Field(default=None, ge=1, description="Most items of a set.")
    repeats: Repeats = Field(default=Repeats.ITEM, description="What is named where an item comes again.")
    seed: int = Field(default=0, description="Seed of methods that draw.")


class ExplainBody(Constrained):
    """What to explain, how, and until when."""

    k: int | None = Field(default=None, ge=1, description="Length of the list; 5, or that of the shown list, without.")  # type: ignore[assignment]
    targets: Ids | None = Field(default=None, description="The items to explain; the whole list without.")
    shown: Ids | None = Field(default=None, description="The list as it was shown: each item is explained.")
    sets: int = Field(default=1, ge=1, le=100, description="How many different smallest sets.")
    method: str = Field(default="auto", description="The explainer.")
    settings: dict[str, Any] | None = Field(default=None, description="Settings of the explainer.")
    effort: Effort | None = Field(default=None, description="What an answer may cost, of the method auto.")
    scored: int | None = Field(default=None, ge=1, description="Most scored histories of a query.")
    deadline: Number | None = Field(
        default=None, gt=0, description="Seconds until the best verified answer so far is wanted."
    )
    because: str = Field(default="liked", description="What the data says that people did.")
    language: Literal["en", "de"] = Field(default="en", description="The language of the sentences.")


class VerifyBody(Constrained):
    """A set of any origin, to be judged."""

    target: AnId = Field(description="The recommended item.")
    items: Ids = Field(description="The set.")


class EvaluateBody(Body):
    """Explanations as `explain` answered them."""

    explanations: list[dict[str, Any]] = Field(description="Objects of `explanations` of answers.")


class ShownBody(Body):
    """Lists that were really shown."""

    shown: dict[str, Ids] = Field(description="User id to the list, best first.")
    k: int | None = Field(
        default=None, ge=1, description="Length of the model's lists; that of most shown ones without."
    )
