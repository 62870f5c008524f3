//! The watches of now, as each part of the house needs them. A reload changes them for all parts,
//! while mentions flow.

use super::named::names;
use crate::collect::source::Sought;
use crate::config::Register;
use crate::matching::Matcher;
use crate::pipeline::Watches;
use crate::serve::Names;
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch::Sender;

/// One register in five dresses. Each part takes the new one when it begins its next piece of work.
#[derive(Clone)]
pub struct Registered {
    pub register: Sender<Arc<Register>>,
    /// For the pipeline.
    pub watches: Sender<Arc<Watches>>,
    /// For sources that ask their platform only for what is listened for.
    pub sought: Sender<Arc<Vec<Sought>>>,
    /// For pages.
    pub names: Sender<Arc<Names>>,
    /// For mails: the label of each watch.
    pub labels: Sender<Arc<HashMap<String, String>>>,
    /// What is called by name on pages and is no watch.
    sources: Vec<String>,
}

impl Registered {
    pub fn new(register: Register) -> Self {
        let sources = Vec::new();
        Self {
            watches: Sender::new(Arc::new(watches(&register))),
            sought: Sender::new(Arc::new(sought(&register))),
            names: Sender::new(Arc::new(names(&register, &sources))),
            labels: Sender::new(Arc::new(labels(&register))),
            register: Sender::new(Arc::new(register)),
            sources,
        }
    }

    /// Names everything that mentions are filed under.
    pub fn name_sources(&mut self, sources: Vec<String>) {
        self.sources = sources;
        let names = names(&self.register.borrow(), &self.sources);
        self.names.send_replace(Arc::new(names));
    }

    /// Takes out the watches whose approval has run out; returns their names.
    pub fn expire(&self, today: Date) -> Vec<String> {
        let mut register = Register::clone(&self.register.borrow());
        let expired = register.take_expired(today);
        if !expired.is_empty() {
            self.set(register);
        }
        expired
    }

    /// Makes this the register of the whole house. Compiles all queries: call it from a thread that
    /// may take its time.
    pub fn set(&self, register: Register) {
        let watches = watches(&register);
        self.watches.send_replace(Arc::new(watches));
        self.sought.send_replace(Arc::new(sought(&register)));
        self.names
            .send_replace(Arc::new(names(&register, &self.sources)));
        self.labels.send_replace(Arc::new(labels(&register)));
        self.register.send_replace(Arc::new(register));
    }
}

fn watches(register: &Register) -> Watches {
    Watches {
        matcher: Matcher::new(register.stored_queries()),
        targets: register.targets.clone(),
    }
}

fn sought(register: &Register) -> Vec<Sought> {
    let watches = register.watches.iter();
    watches
        .map(|watch| Sought {
            watch: watch.name.clone(),
            query: watch.query.clone(),
        })
        .collect()
}

fn labels(register: &Register) -> HashMap<String, String> {
    let watches = register.watches.iter();
    watches
        .map(|watch| (watch.name.clone(), watch.label.clone()))
        .collect()
}
