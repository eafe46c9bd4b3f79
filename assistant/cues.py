"""The wordings that tell what a message does in a conversation. Patterns only; ``dialogue`` says what follows."""

from __future__ import annotations

import re


def _cue(pattern: str) -> re.Pattern[str]:
    """A pattern over several lines, regardless of case; a space stands for white space, " ?" for perhaps some."""
    one_line = "".join(line.strip() for line in pattern.splitlines())
    return re.compile(one_line.replace(" ?", r"\s*").replace(" ", r"\s+"), re.IGNORECASE)


ADULT = (
    "(?:sister|brother|mum|mom|mother|dad|father|parents?|friend|wife|husband|partner|girlfriend|boyfriend|"
    "fianc[ée]e?|boss|colleague|co-?worker|neighbou?r|aunt|uncle|cousin|niece|nephew|grandma|grandmother|grandpa|"
    "grandfather|granny|nan|in-laws|mother-in-law|father-in-law|teacher|roommate|flatmate|host)"
)
NUMBER = r"(?:number |no\.? ?|#)?(\d{1,2}|first|second|third|fourth|fifth|1st|2nd|3rd|last)(?: one)?"

FOR_ADULT = _cue(rf"\bfor (?:my|our|his|her|a|the) (?:\w+ )?({ADULT})\b")
GIFT = _cue(r"\b(?:gift|present)s?\b(?! (?:cards?|bags?|box|boxes|wrap|wrapping|tags?)\b)")
OCCASION = _cue(
    rf"\b(?:my|our) (?:\w+ )?({ADULT})'?s (?:\w+ )?(?:birthday|wedding|anniversary|retirement|housewarming)\b"
)
GIFT_FOR = _cue(r"\bfor (?:my|a|an|the|our|someone's) (\d+[ -]?year[ -]?old(?: (?!who|that)[\w-]+)?|[\w-]+)")

FOR_WHOM = _cue(
    r"""^(?:(?:and|ok|okay|so),? )?
    (?:(?:(?:what|how) about|what would you (?:pick|suggest|recommend)|it's|this is|it is|make it|the same|same|now) )?
    (?:a (?:gift|present) )?for (?:(?:my|our|a|the|his|her) )?
    ((?:[\w'-]+ )?[\w'-]+?)(?: instead| then| too)?[?.! ]*$"""
)
FOR_ME = _cue(r"^(?:me|myself|me again)$")

SMALL_TALK = _cue(
    r"""^(?:hi+|hey|hello|hiya|good (?:morning|afternoon|evening)|thanks?(?: you)?(?: so much| a lot)?|thx|cheers|great|
    perfect|nice|cool|ok(?:ay)?|lovely|bye|goodbye|see you|how are you(?: doing)?(?: today)?|who are you|
    what can you do|what do you do|help)(?:,? (?:there|again|all|assistant|thanks|thank you))?[!.?,:) ]*$"""
)
ABOUT_ME = _cue(
    r"""\bwhat (?:do|did|have) you (?:know|remember|recall|learn(?:ed|t)?|have)\b.*\b(?:me|my|i)\b|
    \bwhat(?:'s| is) my (?:profile|taste|style)\b|\bwhat have i (?:bought|ordered|purchased|liked)\b|
    \bwho am i\b|\bdo you (?:know|remember) me\b"""
)
OFF_TOPIC = _cue(
    r"""\bweather (?:today|tomorrow|in)\b|\bthe weather\b|\bcapital of\b|\b(?:president|prime minister) of\b|
    \belection\b|
    \bwrite (?:me )?(?:an? )?(?:poem|story|essay|code|song|email)\b|\btell me (?:a )?joke\b|
    \bwhat is \d+ ?[-+*/x] ?\d+|\bstock price\b|\bwho won\b|\bmeaning of life\b|\bsystem prompt\b|
    \b(?:ignore|disregard|forget|override) (?:all |any )?(?:of )?(?:your|the|my|previous|prior|above)\b.*
    \b(?:instructions?|rules?|prompts?)\b"""
)

WHY = _cue(
    rf"""^(?:but )?why(?: (?:is|are|did|do|was|would)(?: you)?(?: \w+)?)?(?: the)?
    (?: this| that| it| these| {NUMBER})\b|^why ?\?*$"""
)
COMPARE = _cue(r"\b(?:compare|difference between|versus|vs\.?|which (?:one )?is better)\b")
TWO_NUMBERS = _cue(rf"{NUMBER} ?(?:and|with|to|vs\.?|versus|or|,|&) ?(?:the )?{NUMBER}")
NUMBER_WORD = _cue(r"\b(\d{1,2}|first|second|third|fourth|fifth|1st|2nd|3rd|last)\b")

MORE_LIKE = _cue(
    rf"""\b(?:more|something|similar|others?|ones?) (?:like|similar to|to)
    (?: the)?(?: this| that| it| {NUMBER})\b"""
)
MORE = _cue(
    r"""^(?:(?:can you |please )?(?:show|give)(?: me)? (?:some )?(?:more|others?)(?: options| of them| please)?|
    more(?: options| please)?|anything else|any others?|other options|what else(?: do you have)?|next)[?.! ]*$"""
)
CHEAPER = _cue(
    r"\b(?:(?:a bit |a little |much )?(?:cheaper|less expensive|more affordable)|lower price|too (?:expensive|dear))\b"
)
DEARER = _cue(r"\b(?:more premium|higher end|better quality|more expensive|more upmarket)\b")
OTHER_BRAND = _cue(r"\b(?:not (?:that|this|the same) brand|(?:an? )?(?:different|another|other) brand)\b")
REFINING = _cue(
    r"""^(?:(?:but|and|or|also|maybe|ok(?:ay)?|yes|no|actually|hmm+|please|instead),? )*
    (?:in|with|without|but|not|no|only|under|over|below|above|less|more|bigger|smaller|larger|lighter|heavier|wider|
    narrower|longer|shorter|softer|stronger|something(?! (?:for|to) )|one that|
    ones that|it should|it must|they should|make it|rather|
    preferably|a different|different|instead|too|i prefer|i'd prefer|i want it|can it|does it|do they|
    what about|how about)\b"""
)
REFINING_LEAD = _cue(
    r"""^(?:(?:but|and|ok(?:ay)?|actually|please|maybe|preferably),? )*
    (?:(?:what about|how about|in|make it|i'd prefer|i prefer|rather|one that is|ones that are|it should be) )?"""
)
POLITE_TAIL = _cue(r"[, ]*\b(?:please|thanks|thank you|instead|then|if possible)[.!? ]*$")
COLOUR = _cue(
    r"""\b(?:black|white|gr[ae]y|silver|gold|red|blue|navy|green|olive|yellow|orange|pink|purple|violet|brown|beige|tan|
    cream|teal)\b"""
)
