//! Lists of words, folded and without dots (`uber` for `über`), each in order.

/// Words that say nothing of what a sentence is about: of grammar, of speech, of time in general.
pub const STOP: [&str; 375] = [
    "a", "ab", "aber", "about", "all", "alle", "allen", "aller", "allerdings", "alles", "almost", "als", "also", "am", "an", "and", "angabe", "angaben", "ans", "are", "around", "as", "at", "auch", "auf", "aus", "ausserdem", "be", "been", "bei", "beide", "beiden", "beim", "being", "bereits", "binnen", "bis", "bisher", "bleiben", "bleibt", "blieb", "both", "but", "by", "ca", "can", "circa", "could", "da", "dabei", "dafur", "dagegen", "damals", "damit", "dann", "darauf", "darf", "darin", "das", "dass", "davon", "dazu", "dem", "den", "denn", "der", "derzeit", "des", "dich", "die", "diese", "diesem", "diesen", "dieser", "dieses", "doch", "dort", "du", "durch", "durfen", "durfte", "each", "eben", "ein", "eine", "einem", "einen", "einer", "eines", "einmal", "er", "erklart", "erklarte", "erst", "es", "etwa", "etwas", "falls", "fast", "for", "from", "fur", "gab", "ganz", "ganze", "gar", "gegen", "gehen", "geht", "gemacht", "genau", "gerade", "gestern", "gibt", "ging", "gingen", "gut", "habe", "haben", "had", "halt", "has", "hat", "hatte", "hatten", "have", "he", "heisst", "her", "here", "heute", "hier", "hiess", "hin", "hinter", "his", "hochstens", "how", "i", "ich", "if", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres", "im", "in", "innerhalb", "ins", "insgesamt", "into", "is", "ist", "it", "its", "ja", "je", "jede", "jeden", "jeder", "jedes", "jedoch", "jene", "jener", "jenes", "jetzt", "just", "kam", "kamen", "kann", "kein", "keine", "keinem", "keinen", "keiner", "keines", "knapp", "kommen", "kommt", "konnen", "konnte", "konnten", "kunftig", "lag", "lassen", "lasst", "laut", "less", "liegen", "liegt", "machen", "macht", "mag", "mal", "man", "maximal", "may", "mehr", "mich", "might", "mindestens", "mir", "mit", "mitteilt", "more", "morgen", "most", "muss", "mussen", "musste", "must", "nach", "nahm", "namlich", "nearly", "neben", "nehmen", "nein", "neue", "neuen", "neuer", "neues", "nicht", "nie", "niemals", "nimmt", "no", "noch", "nor", "not", "now", "nun", "nur", "ob", "oder", "of", "ohne", "on", "only", "or", "our", "out", "over", "per", "pro", "roughly", "rund", "sagen", "sagt", "sagte", "sagten", "said", "satte", "say", "says", "schon", "sehr", "sei", "seien", "sein", "seine", "seinem", "seinen", "seiner", "seit", "selbst", "shall", "she", "should", "sich", "sie", "sind", "so", "sogar", "soll", "sollen", "sollte", "sollten", "some", "sondern", "stand", "stehen", "steht", "still", "teilt", "teilte", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "today", "told", "trotz", "uber", "um", "und", "under", "uns", "unser", "unsere", "unter", "up", "viel", "viele", "vielen", "vom", "von", "vor", "wahrend", "war", "ware", "waren", "was", "we", "weder", "wegen", "weil", "weiter", "weitere", "weiteren", "weiterhin", "welche", "welcher", "welches", "weniger", "wenn", "wer", "werden", "were", "what", "when", "where", "which", "who", "wie", "wieder", "will", "wir", "wird", "with", "wo", "wohl", "wollen", "wollte", "worden", "would", "wurde", "wurden", "yesterday", "you", "your", "zu", "zudem", "zufolge", "zuletzt", "zum", "zur", "zusammen", "zusatzliche", "zusatzlichen", "zuvor", "zwischen",
];

/// Words that turn a sentence around.
pub const NEGATORS: [&str; 33] = [
    "aren", "can't", "cannot", "didn", "doesn", "don", "hadn", "hasn", "haven", "isn", "kein", "keine", "keinem", "keinen", "keiner", "keinerlei", "keines", "neither", "never", "nicht", "nie", "niemals", "niemand", "no", "nobody", "none", "nor", "not", "wasn", "weder", "weren", "won", "wouldn",
];

/// Stems of what makes a sentence a wish, a guess, a fear, a condition or somebody's claim.
pub const ASIDE: [&str; 60] = [
    "alleg", "angeblich", "beantragt", "befurcht", "behaupt", "beklag", "bericht", "call", "claim", "could", "demand", "droh", "erwart", "estimat", "falls", "fear", "forder", "forderung", "furcht", "gefordert", "gefuhlt", "geplant", "geruch", "hatt", "hatten", "hoff", "if", "konnt", "musse", "musst", "ob", "pladier", "plant", "propos", "question", "report", "rumor", "rumour", "schatz", "schatzung", "schlagt", "should", "soll", "solle", "sollt", "urge", "ursprunglich", "verlang", "verlangt", "vermut", "vorschlag", "vorwurf", "want", "warn", "wenn", "whether", "wonach", "would", "wunsch", "wurd",
];

/// Stems of a denial: an article that has one tells both sides.
pub const DENIALS: [&str; 19] = [
    "bestreit", "bestritt", "dementi", "dementier", "denie", "denied", "deny", "entwarnung", "falsch", "falschmeldung", "nein", "rejects", "ruckt", "unzutreff", "widersprach", "widersprech", "widersprich", "zuruckgewies", "zuruckweis",
];

/// Ends of words for those who have figures of their own.
pub const OTHERS: [&str; 70] = [
    "afd", "agentur", "analyst", "analysten", "anwaltsverein", "asylagentur", "beratung", "burgermeister", "burgermeisterin", "cdu", "csu", "expert", "experte", "experten", "expertin", "experts", "fachleute", "fdp", "firm", "forscher", "forscherin", "forscherinnen", "fraktion", "gdp", "gemeinde", "gewerkschaft", "gewerkschaften", "group", "grunen", "institut", "institute", "instituts", "kommission", "landesamt", "landesinnenminister", "landesregierung", "landkreis", "landkreistag", "landrat", "landratin", "landtag", "linke", "ministerprasident", "ministerprasidentin", "ngo", "normenkontrollrat", "oberburgermeister", "oberburgermeisterin", "opferberatung", "opposition", "ortsverband", "partei", "researchers", "senat", "senator", "senatorin", "spd", "stadt", "stadtetag", "studie", "think", "umfrage", "union", "unions", "verband", "verbande", "verbandes", "verdi", "verein", "vereins",
];

/// Words that narrow a sentence to a part of the country, or widen it beyond.
pub const ELSEWHERE: [&str; 53] = [
    "allein", "anhalt", "baden", "bayerisch", "bayerischen", "bayern", "berlin", "bezirk", "brandenburg", "bremen", "britain", "dort", "eu", "europa", "europaweit", "france", "frankreich", "gemeinde", "hamburg", "hessen", "hessisch", "hessischen", "holstein", "kreis", "landesweit", "landkreis", "locally", "lokal", "mecklenburg", "niedersachsen", "nordrhein", "nrw", "ortsverband", "osterreich", "pfalz", "polen", "rheinland", "saarland", "sachsen", "sachsisch", "sachsischen", "schleswig", "schweiz", "stadt", "there", "thuringen", "thuringer", "vor-ort", "vorpommern", "weltweit", "westfalen", "worldwide", "wurttemberg",
];

/// Words that point to another time than the figure beside would have.
pub const EARLIER: [&str; 35] = [
    "before", "bisher", "bisherige", "bisherigen", "bislang", "damals", "davor", "demnachst", "earlier", "ehemals", "einst", "formerly", "fruher", "fruhere", "fruheren", "kunftig", "last", "letzten", "letztes", "noch", "originally", "previous", "previously", "ursprunglich", "vergangenen", "vergangenes", "vorigen", "voriges", "vorjahr", "vorjahres", "vorjahresmonat", "vorjahresquartal", "vormonat", "vorwoche", "zuvor",
];

/// Stems of what begins, ends, holds or is due.
pub const BEGINNINGS: [&str; 41] = [
    "ab", "ableb", "antrit", "auslauf", "begin", "beginn", "beginnt", "begins", "begonn", "bis", "bleib", "due", "effect", "end", "endet", "ends", "erhalt", "eroffn", "findet", "frist", "gelt", "gestellt", "gilt", "kraft", "lauf", "lauft", "mogl", "moglich", "run", "runs", "scheduled", "start", "startet", "stattfind", "stichtag", "take", "tritt", "umgezog", "until", "vereinbart", "zum",
];

/// True where a sorted list has a word.
pub fn is_in(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}
