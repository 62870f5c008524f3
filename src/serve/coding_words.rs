//! The words of the weekly sample's page, German and English.

use super::words::Tongue;

#[derive(Debug)]
pub struct Words {
    pub heading: &'static str,
    pub intro: &'static str,
    pub who: &'static str,
    pub person: &'static str,
    pub empty: &'static str,
    pub progress: &'static str,
    pub of: &'static str,
    pub take_back: &'static str,
    pub agreement: &'static str,
    pub agreement_note: &'static str,
    pub none_yet: &'static str,
    pub people: &'static str,
    pub model: &'static str,
    pub compared: &'static str,
    pub alpha: &'static str,
}

pub fn words(tongue: Tongue) -> &'static Words {
    match tongue {
        Tongue::De => &DE,
        Tongue::En => &EN,
    }
}

static DE: Words = Words {
    heading: "Stichprobe der Woche",
    intro: "Zwei Personen ordnen dieselben Aussagen unabhängig voneinander ein, ohne zu sehen, was \
            das Modell meint. So zeigt sich, wie weit sich Menschen einig sind – mehr ist von einem \
            Modell nicht zu verlangen. Gespeichert wird, ob Person 1 oder 2 geurteilt hat, kein Name.",
    who: "Wer ordnet ein?",
    person: "Person",
    empty: "Aus dieser Woche liegen keine Erwähnungen vor.",
    progress: "Eingeordnet:",
    of: "von",
    take_back: "Zurücknehmen",
    agreement: "Übereinstimmung",
    agreement_note: "Krippendorffs Alpha, alle Wochen: 1 ist völlige Übereinstimmung, 0 ist Zufall. \
                     Ab 0,8 gilt sie als verlässlich, unter 0,67 sollte man nichts daraus schließen.",
    none_yet: "noch zu wenig eingeordnet",
    people: "Person 1 und Person 2",
    model: "Modell und Person",
    compared: "Aussagen",
    alpha: "Alpha",
};

static EN: Words = Words {
    heading: "Sample of the week",
    intro: "Two people judge the same statements without seeing what the other or the model says. It \
            shows how far people agree – no model can be asked for more. What is stored is whether \
            person 1 or 2 judged, no name.",
    who: "Who is judging?",
    person: "Person",
    empty: "There are no mentions of this week.",
    progress: "Judged:",
    of: "of",
    take_back: "Take back",
    agreement: "Agreement",
    agreement_note: "Krippendorff's alpha over all weeks: 1 is full agreement, 0 is chance. From 0.8 on \
                     it counts as reliable; below 0.67 nobody should conclude anything from it.",
    none_yet: "too little was judged yet",
    people: "Person 1 and person 2",
    model: "Model and person",
    compared: "Statements",
    alpha: "Alpha",
};
