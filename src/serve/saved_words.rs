//! The words of the saved searches, German and English.

use super::words::Tongue;
use crate::store::{MAX_SAVED, MAX_SAVED_NAME, Saving};

#[derive(Debug)]
pub struct Words {
    pub heading: &'static str,
    pub none_yet: &'static str,
    pub save_this: &'static str,
    pub name: &'static str,
    pub save: &'static str,
    pub change: &'static str,
    pub rename: &'static str,
    pub delete: &'static str,
    pub note: &'static str,
}

pub fn words(tongue: Tongue) -> &'static Words {
    match tongue {
        Tongue::De => &DE,
        Tongue::En => &EN,
    }
}

/// Why a search was not saved, renamed or deleted; empty where it was.
pub fn told(saving: Saving, tongue: Tongue) -> String {
    let german = tongue == Tongue::De;
    match saving {
        Saving::Done => String::new(),
        Saving::Unknown if german => "Unter diesem Namen ist keine Suche gespeichert.".to_owned(),
        Saving::Unknown => "no search is saved under that name".to_owned(),
        Saving::Taken if german => {
            "Unter diesem Namen ist schon eine Suche gespeichert. Bitte einen anderen wählen."
                .to_owned()
        }
        Saving::Taken => "a search is saved under that name already; choose another".to_owned(),
        Saving::Full if german => format!(
            "Es sind schon {MAX_SAVED} Suchen gespeichert. Bitte erst eine löschen, die niemand mehr \
             braucht."
        ),
        Saving::Full => format!("there are {MAX_SAVED} saved searches already; delete one first"),
        Saving::BadName if german => {
            format!("Ein Name hat 1 bis {MAX_SAVED_NAME} sichtbare Zeichen.")
        }
        Saving::BadName => format!("a name has 1 to {MAX_SAVED_NAME} visible characters"),
        Saving::TooLong if german => {
            "Diese Suche ist zu lang, um gespeichert zu werden.".to_owned()
        }
        Saving::TooLong => "this search is too long to be saved".to_owned(),
    }
}

/// The same for the command line.
pub fn english(saving: Saving) -> String {
    told(saving, Tongue::En)
}

static DE: Words = Words {
    heading: "Gespeicherte Suchen",
    none_yet: "Noch ist keine Suche gespeichert.",
    save_this: "Diese Suche speichern als",
    name: "Name",
    save: "Speichern",
    change: "Umbenennen oder löschen",
    rename: "Umbenennen",
    delete: "Löschen",
    note: "Gespeichert werden Anfrage, Filter und Reihenfolge, für alle im Haus.",
};

static EN: Words = Words {
    heading: "Saved searches",
    none_yet: "No search is saved yet.",
    save_this: "Save this search as",
    name: "Name",
    save: "Save",
    change: "Rename or delete",
    rename: "Rename",
    delete: "Delete",
    note: "Query, filters and order are saved, for everybody in the house.",
};
