//! Lists of words, folded (`ueber` for `über`), in the order of their bytes, with one blank between.

use std::cmp::Ordering;

/// Words that say nothing of what a sentence is about: of grammar, of speech, of time in general.
pub const STOP: &str = "\
    a ab aber about all alle allen aller allerdings alles almost als also am an and angabe angaben \
    ans are around as at auch auf aus ausserdem be been bei beide beiden beim being bereits \
    billion binnen bis bisher bleiben bleibt blieb bn both but by ca can circa could da dabei \
    dafur dagegen damals damit dann darauf darf darin das dass davon day days dazu dem den denn \
    der derzeit des dich die diese diesem diesen dieser dieses doch dort du duerfen durch durfte \
    each earlier eben ein eine einem einen einer eines einmal er erklaert erklaerte erst es etwa \
    etwas eur euro euros falls fast for from fuer gab ganz ganze gar gegen gehen geht gemacht \
    genau gerade gestern gibt ging gingen gut habe haben had halbjahr half halt has hat hatte \
    hatten have he heisst her here heute hier hiess hin hinter his hoechstens hour hours how i ich \
    if ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in innerhalb ins insgesamt into is ist it \
    its ja jahr jahre jahren jahres je jede jeden jeder jedes jedoch jene jener jenes jetzt just \
    kam kamen kann kein keine keinem keinen keiner keines knapp koennen kommen kommt konnte \
    konnten kuenftig laesst lag lassen later laut less liegen liegt machen macht mag mal man \
    maximal may mehr mich might milliarde milliarden million millionen mindestens minute minuten \
    minutes mio mir mit mitteilt monat monate monaten month months more morgen most mrd muessen \
    muss musste must nach nahm namlich nearly neben nehmen nein neue neuen neuer neues nicht nie \
    niemals nimmt no noch nor not now nun nur ob oder of ohne on only or our out over per percent \
    pro prozent prozentpunkte quartal quarter roughly rund sagen sagt sagte sagten said satte say \
    says schon sehr sei seien sein seine seinem seinen seiner seit sekunden selbst shall she \
    should sich sie sind so sogar soll sollen sollte sollten some sondern stand stehen steht still \
    stunde stunden tag tage tagen tausend teilt teilte than that the their them then there these \
    they this those thousand to today told trotz tsd ueber uhr um und under uns unser unsere unter \
    up viel viele vielen vom von vor vorjahr vorjahres vormonat waehrend waere war waren was we \
    weder week weeks wegen weil weiter weitere weiteren weiterhin welche welcher welches weniger \
    wenn wer werden were what when where which who wie wieder will wir wird with wo woche wochen \
    wohl wollen wollte worden would wurde wurden year years yesterday you your zu zudem zufolge \
    zuletzt zum zur zusaetzliche zusaetzlichen zusammen zuvor zwischen";

/// Words that turn a sentence around.
pub const NEGATORS: &str = "\
    aren cannot didn doesn don hadn hasn haven isn kein keine keinem keinen keiner keinerlei \
    keines neither never nicht nie niemals niemand no nobody none nor not wasn weder weren won \
    wouldn";

/// Words that make a sentence a wish, a guess, a fear, a condition or somebody's claim.
pub const ASIDE: &str = "\
    angeblich beklagt call calls claim claims could demand demands drohen droht falls fear fears \
    gefuehlt geplant haette haetten hoffen hofft if koennte koennten muesse muesste muessten ob \
    plant question report reports rumor rumour should solle sollt sollte sollten urge urges \
    urspruenglich want wants warn warnen warns warnt wenn whether wonach would wuerde wuerden";

/// Beginnings of more of them.
pub const ASIDE_STEMS: &str = "\
    alleg beantragt befuercht behaupt beklag bericht erwart estimat forder fuercht gefordert \
    geruecht plaedier propos schaetz schlaegt verlang verlangt vermut vorschlaeg vorschlag vorwurf \
    wunsch";

/// Words for the state and for people, that say little of what a sentence is about.
pub const GENERIC: &str = "\
    anzahl bund bundes bundesministerium bundesregierung deutsche deutschen deutscher deutschland \
    federal german germany government land leute mensch menschen minister ministerin ministerium \
    ministry number people person personen regierung zahl";

/// Stems of a denial: an article that has one tells both sides.
pub const DENIALS: &str = "\
    bestreit bestritt dementi dementier denie denied deny entwarnung falsch falschmeldung nein \
    rejects rueckt unzutreff widersprach widersprech widersprich zurueckgewies zurueckweis";

/// Ends of words for those who have figures of their own.
pub const OTHERS: &str = "\
    afd agentur analyst analysten anwaltsverein asylagentur beratung buergermeister \
    buergermeisterin cdu csu expert experte experten expertin experts fachleute fdp firm forscher \
    forscherin forscherinnen fraktion gdp gemeinde gewerkschaft gewerkschaften group gruenen \
    institut institute instituts kommission landesamt landesinnenminister landesregierung \
    landkreis landkreistag landraetin landrat landtag linke ministerpraesident \
    ministerpraesidentin ngo normenkontrollrat oberbuergermeister oberbuergermeisterin \
    opferberatung opposition ortsverband partei researchers senat senator senatorin spd stadt \
    staedtetag studie think umfrage union unions verbaende verband verbandes verdi verein vereins";

/// Words that narrow a sentence to a part of the country, or widen it beyond.
pub const ELSEWHERE: &str = "\
    allein anhalt baden bayerisch bayerischen bayern berlin bezirk brandenburg bremen britain dort \
    eu europa europaweit france frankreich gemeinde hamburg hessen hessisch hessischen holstein \
    kreis landesweit landkreis locally lokal mecklenburg niedersachsen nordrhein nrw oesterreich \
    ortsverband pfalz polen rheinland saarland sachsen saechsisch saechsischen schleswig schweiz \
    stadt there thueringen thueringer vorpommern weltweit westfalen worldwide wuerttemberg";

/// Words that point to another time than the figure beside would have.
pub const EARLIER: &str = "\
    before bisher bisherige bisherigen bislang damals davor earlier ehemals einst formerly frueher \
    fruehere frueheren originally previous previously urspruenglich vorjahr vorjahres \
    vorjahresmonat vorjahresquartal vormonat vorwoche zuvor";

/// Stems of what begins, ends, holds or is due.
pub const BEGINNINGS: &str = "\
    ab ableb antrit auslauf begin beginn beginnt begins begonn bis bleib due effect end endet ends \
    erhalt eroeffn eroffn findet frist gelt gestellt gilt kraft laeuft lauf lauft moegl moeglich \
    mogl run runs scheduled start startet stattfind stichtag take tritt umgezog until vereinbart \
    zum";

/// Verbs by which somebody is given a quotation.
pub const SAID: &str = "\
    added antwortet antwortete argued bekraeftigt bekraeftigte betont betonte ergaenzt ergaenzte \
    erklaert erklaerte heisst hiess klagt klagte kommentiert kommentierte kritisiert kritisierte \
    lobt lobte mahnt mahnte meint meinte postet postete rief sagen sagt sagte sagten said says \
    schreibt schrieb so teilte told twittert twitterte unterstreicht unterstrich verlautet \
    verlautete versichert versicherte versprach verspricht warned warns warnt warnte wettert \
    wetterte wrote";

/// Small words behind such a verb, or before a name, with which no speaker is named.
pub const NO_SPEAKER: &str = "\
    aber after am an at auf aus before bei beim dem den denn dort er es gestern he heute hier \
    him his i ich ihm ihn ihr im in it man mit nach of on she sie that they to ueber um unter \
    von vor we when wie wir zu zum zur";

/// True where a word denies.
pub fn denies(form: &str) -> bool {
    let begins = |stem: &str| stem.len() >= 6 && form.starts_with(stem);
    is_in(DENIALS, form) || DENIALS.split(' ').any(begins)
}

/// True for those who have figures of their own.
pub fn is_of_others(form: &str) -> bool {
    let ends = |end: &str| end.len() >= 6 && form.ends_with(end);
    is_in(OTHERS, form) || OTHERS.split(' ').any(ends)
}

/// True where a word makes a sentence a wish, a guess, a fear, a condition or somebody's claim.
pub fn is_aside(form: &str) -> bool {
    is_in(ASIDE, form) || ASIDE_STEMS.split(' ').any(|stem| form.starts_with(stem))
}

/// True where a list has a word.
pub fn is_in(list: &str, word: &str) -> bool {
    let (mut low, mut high) = (0, list.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let start = list[..middle].rfind(' ').map_or(0, |blank| blank + 1);
        let end = list[middle..]
            .find(' ')
            .map_or(list.len(), |blank| middle + blank);
        match list[start..end].cmp(word) {
            Ordering::Equal => return true,
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order_and_found_in() {
        for list in [
            STOP,
            NEGATORS,
            ASIDE,
            ASIDE_STEMS,
            GENERIC,
            DENIALS,
            OTHERS,
            ELSEWHERE,
            EARLIER,
            BEGINNINGS,
            SAID,
            NO_SPEAKER,
        ] {
            assert!(list.is_ascii() && list.split(' ').is_sorted(), "{list}");
            for word in list.split(' ') {
                assert!(is_in(list, word), "{word}");
                let more = format!("{word}x");
                assert_eq!(is_in(list, &more), list.split(' ').any(|one| one == more));
                let less = &word[..word.len() - 1];
                assert_eq!(is_in(list, less), list.split(' ').any(|one| one == less));
            }
            assert!(!is_in(list, "") && !is_in(list, "zzz") && !is_in(list, "über"));
        }
        assert!(!is_in("", "a"));
    }
}
