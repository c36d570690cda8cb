"""What the Court of Justice of the European Union asks of explanations of automated decisions: quoted, with paragraphs.

Both quotations were compared word for word with two copies of the English text of the judgment, one of EUR-Lex (CELEX 62022CJ0203).
Other paragraphs are not quoted: their wording differs between the provisional text and the published one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotation:
    """A sentence of a judgment.

    Args:
        paragraph: of the judgment.
        text: word for word.
    """

    paragraph: int
    text: str


QUOTED_IN = "en"
"""The language of the quotations. The German text of the judgment was not at hand to be compared, and is not quoted."""
IN_ENGLISH = "The quotations are those of the English text of the judgment."
CASE = (
    "Court of Justice of the European Union (First Chamber), judgment of 27 February 2025, Dun & Bradstreet Austria, C-203/22, "
    "EU:C:2025:117"
)
VARIATION = Quotation(
    62,
    "As regards, specifically, profiling such as that at issue in the main proceedings, the referring court could, inter alia, "
    "find that it is sufficiently transparent and intelligible to inform the data subject of the extent to which a variation in "
    "the personal data taken into account would have led to a different result.",
)
NO_FORMULA = Quotation(
    59,
    "Those requirements cannot be satisfied either by the mere communication of a complex mathematical formula, such as an "
    "algorithm, or by the detailed description of all the steps in automated decision-making, since none of those would "
    "constitute a sufficiently concise and intelligible explanation.",
)
ABOUT = (
    "The case was about a credit score. It was about the right of access to meaningful information about the logic of automated "
    "decisions, Article 15(1)(h) of Regulation (EU) 2016/679 (the GDPR). This sentence is a paraphrase, and no quotation."
)
HERE = (
    "This paper answers in these terms: it names data without which the result would have been another. Whether a list of "
    "recommendations is a decision to which that right applies, and whether this paper is enough, is for the controller and the "
    "courts to judge; nothing here is legal advice."
)
