"""Small talk and questions about the assistant, which need no tool."""

from typing import Final

from offline_assistant.intents import Intent, TalkIntent, Topic
from task_phrases.patterns import rx

_NAME: Final = r"(?:,? ?(?:olly|bot|assistant|there|again|buddy|friend|everyone|all|dear))?"
_VERY: Final = (
    r"(?:,? (?:so much|a lot|very much|a million|again|a bunch|for .+|though|olly|man|friend|you))*"
)
_GOOD: Final = (
    r"(?:great|good|nice|awesome|amazing|helpful|useful|perfect|best|hero|cool|wonderful|fantastic|"
    r"excellent|brilliant|lovely|rock|sweet|smart|right|correct|done)"
)
_DO: Final = (
    r"(?:use|add|create|make|delete|remove|complete|finish|reopen|rename|change|edit|update|move|tag|"
    r"mark|set|list|see|show|start|clear|erase|cancel|reschedule|check)"
)
_KIND: Final = (
    r"(?:bot|robot|ai|a\.i\.|human|person|llm|language model|machine|computer|chat ?gpt|gpt.*|openai|"
    r"claude|gemini|alexa|siri|offline.*|online|intelligent|smart|assistant|program)"
)
_NOW: Final = r"(?: is it| of (?:the )?(?:day|week)| today| now| right now| please)*"
_THINGS: Final = r"(?:a |an )?(?:tasks?|lists?|to-?dos?|items?)"

# Each line is one pattern; a topic may have several.
_TOPIC_PATTERNS: Final = (
    (
        Topic.GREETING,
        (
            r"(?:hi+|hello+|hey+|hiya|yo|howdy|greetings|good (?:morning|afternoon|evening|day)|"
            rf"hi there|hello there|what's up|sup|welcome){_NAME}"
        ),
    ),
    (
        Topic.GOODBYE,
        (
            r"(?:bye|goodbye|bye bye|see you(?: (?:later|soon|tomorrow))?|good night|"
            r"that(?:'s| is| will be) all|i'm done for (?:today|now)|have a (?:nice|good|great) .+|"
            rf"farewell|later|talk to you later){_NAME}"
        ),
    ),
    (
        Topic.THANKS,
        (
            r"(?:(?:ok(?:ay)?|great|perfect|awesome|nice|cool|oh|ah),? )?(?:thanks?|thank you|thank u|thx|"
            rf"ty|cheers|much appreciated|appreciate (?:it|that|your.*)|i appreciate .+|many thanks){_VERY}"
        ),
    ),
    (
        Topic.THANKS,
        (
            r"(?:(?:oh|ah|wow),? )?(?:you(?:'re| are|'ve)?|it's|it is|it was|that's|that is|that was|this is)"
            rf" (?:(?:all|so|very|really|a|an|the|my|just|pretty|absolutely) )*{_GOOD}\b.*"
        ),
    ),
    (Topic.THANKS, rf"{_GOOD} (?:job|work|one|done|going|stuff)\b.*|well done.*"),
    (Topic.THANKS, r"perfect|awesome|great|nice|cool|excellent|lovely|wonderful|amazing|fantastic"),
    (
        Topic.FEELING,
        (
            r"(?:how are (?:you|things)|how(?:'s| is) (?:it going|everything|life)|how do you do|"
            r"are you (?:ok|okay|well|there|alive)|you (?:ok|there)|how about you)(?: .{0,20})?"
        ),
    ),
    (Topic.IDENTITY, r"(?:who|what)(?: exactly)? are you(?: exactly)?|introduce yourself"),
    (Topic.IDENTITY, r"(?:what(?:'s| is)|tell me) your name|tell me about yourself|what is this"),
    (Topic.IDENTITY, r"who (?:made|built|created|wrote) you|am i (?:talking|speaking|chatting) .+"),
    (
        Topic.IDENTITY,
        (
            r"(?:what|which)(?: kind of)?(?: ai| language)? (?:model|llm|ai|assistant) "
            r"(?:are you|is this|do you use|am i .*)"
        ),
    ),
    (Topic.IDENTITY, rf"are you (?:a |an |the )?(?:real |actual )?{_KIND}\b.*"),
    (Topic.HELP, r"help(?: me)?|commands?|usage|instructions|options|menu|\?|explain yourself"),
    (
        Topic.HELP,
        (
            r"(?:what|which)(?: things| commands| else)? (?:can|could|do) (?:you|i) "
            r"(?:do|say|ask|understand|type|help)\b.*"
        ),
    ),
    (
        Topic.HELP,
        (
            r"what (?:are|is) (?:your|the) (?:commands|features|capabilities|abilities|skills|options).*|"
            r"what do you do|what(?:'s| is) (?:possible|supported)"
        ),
    ),
    (Topic.HELP, r"how (?:does|do) (?:this|it|you|that) work.*|(?:tell|show) me how .*"),
    (Topic.HELP, rf"how (?:do|can|should|would|could|may) (?:i|we|you|one) {_DO}\b.*"),
    (Topic.HELP, r"can you help(?: me)?(?: please)?|i need help.*"),
    (Topic.HELP, rf"can (?:i|we|you) (?:add|delete|create|remove|complete|rename) {_THINGS}"),
    (
        Topic.CLOCK,
        (
            r"(?:tell me |what(?:'s|s| is)? |show me |give me |do you know |let me know )*"
            rf"(?:the |today's |current |correct )*(?:date|time|day|year|month){_NOW}"
        ),
    ),
    (
        Topic.CLOCK,
        (
            r"what (?:day|time|date|year|month)(?: of the week)?(?: is it| is today| is it today)?"
            r"(?: now| right now| today)?|what(?:'s|s| is) today(?:'s date)?|what day is today|"
            r"today's date|date today|how late is it|can i get the time"
        ),
    ),
    (
        Topic.ACKNOWLEDGED,
        (
            r"(?:ok(?:ay)?|alright|all right|fine|got it|i see|sure|right|understood|noted|good|hm+|"
            r"interesting|lol|haha|k|roger|great then|makes sense)(?: (?:then|thanks))?"
        ),
    ),
    (
        Topic.LEFT_ALONE,
        (
            r"(?:no,? )?(?:never ?mind|nvm|forget (?:it|that|about it)|cancel(?: that| it)?|"
            r"stop(?: it| that)?|scratch that|leave (?:it|everything|them)(?: as it is| alone)?|don't|"
            r"abort|skip it|nothing|not now|no thanks|no thank you)(?: please)?"
        ),
    ),
    (
        Topic.NOTHING_TO_CONFIRM,
        (
            r"(?:yes|no|yep|yeah|yup|nope|nah|y|n|sure thing|go ahead|do it|confirm|confirmed)"
            r"(?:,? (?:please|thanks|do it|go ahead))?"
        ),
    ),
    (
        Topic.NO_RESTORING,
        (
            r"undo(?: (?:it|that|this))?|revert(?: it| that)?|"
            r"(?:restore|undelete|recover) (?!(?:(?:task|item|number) )?#?\d[\d\s#,and]*$).+"
        ),
    ),
    (
        Topic.NO_RESTORING,
        (
            r"(?:show|open|list|see|what(?:'s| is) in)(?: me)? (?:my |the )?"
            r"(?:trash|bin|deleted (?:tasks|items))"
        ),
    ),
)
_PATTERNS: Final = tuple((topic, rx(pattern)) for topic, pattern in _TOPIC_PATTERNS)


def read_small_talk(sentence: str) -> Intent | None:
    """Return the topic of a sentence that needs no tool; None for any other sentence."""
    text = sentence.strip(" \t\n.,!?\u2026:;)(")
    return next(
        (TalkIntent(topic) for topic, pattern in _PATTERNS if pattern.fullmatch(text)), None
    )
