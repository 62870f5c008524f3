//! What keeps statements apart from people: keyed identities, pseudonyms, sealed values, masking.
//!
//! * A native id becomes a [`MentionKey`], a keyed hash: edits and deletes find their row, a
//!   stolen database does not name the post.
//! * A private account becomes a [`Pseudonym`], keyed by platform and by a period of 90 days, so
//!   that counting distinct voices is possible and following a person is not.
//! * Handle, name, permalink and native id of a private author exist only inside a [`Sealed`] value.

mod mask;
mod seal;

pub use mask::{MASK, Voice, Voices};
pub use seal::{Identity, KeyError, Keys, MentionKey, Pseudonym, SealError, Sealed, hex, unhex};
