//! Words at a place of a mention, looked for in the quickest way that finds them.

use super::quick::Quick;
use super::scratch::{Hits, Scratch};
use crate::model::Part;
use crate::query::Place;
use crate::query::spans::spans;

#[derive(Debug)]
pub struct Spot {
    scope: Option<Part>,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Quick(Quick),
    Spans(Place<u32>),
}

impl Spot {
    pub fn new(scope: Option<Part>, place: &Place<u32>) -> Self {
        let way = match Quick::of(place) {
            Some(quick) => Way::Quick(quick),
            None => Way::Spans(place.clone()),
        };
        Self { scope, way }
    }

    /// True where the mention has it in the part that it is asked for.
    pub fn holds(&self, scratch: &mut Scratch) -> bool {
        let place = match &self.way {
            Way::Quick(quick) => return quick.holds(self.scope, scratch),
            Way::Spans(place) => place,
        };
        let parts = [Part::Title, Part::Text];
        let asked = |part: &Part| self.scope.is_none_or(|scope| scope == *part);
        parts.into_iter().filter(asked).any(|part| {
            let mut hits = Hits { scratch, part };
            !spans(place, &mut hits).is_empty()
        })
    }

    /// Bytes behind it.
    pub fn bytes(&self) -> usize {
        match &self.way {
            Way::Quick(quick) => quick.bytes(),
            Way::Spans(place) => place.bytes(),
        }
    }
}
