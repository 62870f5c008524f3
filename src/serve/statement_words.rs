//! The words of the pages about our own statements, German and English.

use super::words::Tongue;

pub struct Words {
    pub heading: &'static str,
    pub intro: &'static str,
    pub none: &'static str,
    pub statement: &'static str,
    pub published: &'static str,
    pub published_hint: &'static str,
    pub reports: &'static str,
    pub new: &'static str,
    pub title: &'static str,
    pub text: &'static str,
    pub text_hint: &'static str,
    pub url: &'static str,
    pub url_hint: &'static str,
    pub save: &'static str,
    pub edit: &'static str,
    pub edit_note: &'static str,
    pub remove: &'static str,
    pub remove_note: &'static str,
    pub sure: &'static str,
    pub back: &'static str,
    pub reports_of: &'static str,
    pub faulty: &'static str,
}

const DE: Words = Words {
    heading: "Eigene Veröffentlichungen",
    intro: "Womit Berichte verglichen werden: was das Haus selbst veröffentlicht hat. Pressemitteilungen Ihrer amtlichen Quellen sind von selbst dabei; hier steht, was von Hand dazukommt, etwa eine Erklärung, die nur per E-Mail ging. Verglichen wird, was danach erscheint.",
    none: "Noch keine Veröffentlichung von Hand eingetragen.",
    statement: "Veröffentlichung",
    published: "Veröffentlicht",
    published_hint: "Berliner Zeit; bei einer Sperrfrist deren Ende",
    reports: "abweichende Berichte",
    new: "Neue Veröffentlichung",
    title: "Überschrift",
    text: "Text",
    text_hint: "der ganze Wortlaut; Zitate in Anführungszeichen",
    url: "Adresse",
    url_hint: "wo sie steht, mit https://; leer, wenn sie nirgends steht",
    save: "Speichern",
    edit: "Ändern",
    edit_note: "Was danach nicht mehr im Text steht, wird auch bei früheren Berichten nicht mehr gegenübergestellt.",
    remove: "Zurückziehen",
    remove_note: "Die Veröffentlichung wird gelöscht, mit ihr jede Gegenüberstellung bei Berichten.",
    sure: "Ja, endgültig löschen",
    back: "Alle eigenen Veröffentlichungen",
    reports_of: "Berichte, die davon abweichen",
    faulty: "So lässt sich die Veröffentlichung nicht speichern: Sie braucht einen Text von höchstens 20.000 Zeichen, eine Überschrift von höchstens 300, einen Zeitpunkt, der höchstens sieben Tage in der Zukunft liegt, und als Adresse eine, die mit https:// beginnt, oder keine.",
};

const EN: Words = Words {
    heading: "Our own statements",
    intro: "What reports are compared with: what the house itself has published. Press releases of your official sources are here by themselves; this page holds what is entered by hand, a statement that went out by e-mail only for instance. Compared is what appears afterwards.",
    none: "No statement entered by hand yet.",
    statement: "Statement",
    published: "Published",
    published_hint: "Berlin time; with an embargo, when that ends",
    reports: "reports that differ",
    new: "New statement",
    title: "Headline",
    text: "Text",
    text_hint: "all of it, quotations in quotation marks",
    url: "Address",
    url_hint: "where it stands, with https://; empty where it stands nowhere",
    save: "Save",
    edit: "Change",
    edit_note: "What the text does not say any more afterwards stands beside no earlier report either.",
    remove: "Withdraw",
    remove_note: "The statement is deleted, and taken from beside all reports.",
    sure: "Yes, delete for good",
    back: "All our own statements",
    reports_of: "Reports that differ from it",
    faulty: "The statement cannot be saved like this: it needs a text of 20,000 characters at most, a headline of 300 at most, a time that lies seven days ahead at most, and as address one that begins with https://, or none.",
};

pub fn words(tongue: Tongue) -> &'static Words {
    match tongue {
        Tongue::De => &DE,
        Tongue::En => &EN,
    }
}
