/**
 * English words that stand in nearly every text and so tell none from another. A list of our own: it
 * leaves alone what may be the point of a question in a memory (names, numbers, time, negation of
 * likes), and words of other languages.
 */
const lines = `
a an the this that these those
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
am is are was were be been being isn't aren't wasn't weren't
i'm you're he's she's it's we're they're that's there's here's what's who's where's how's let's
i've you've we've they've i'd you'd he'd she'd we'd they'd i'll you'll he'll she'll it'll we'll they'll
do does did doing don't doesn't didn't have has had having haven't hasn't hadn't
can could may might must shall should will would can't cannot couldn't shouldn't won't wouldn't
and or but nor so if then than as because while though although
of in on at by for from to into onto with about between through during
up down out over under again there here
what which who whom whose when where why how
all any both each some such other own same too very just only also
please tell
`

export const stopWords: ReadonlySet<string> = new Set(lines.trim().split(/\s+/))
