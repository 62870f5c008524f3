//! The model that comes with the program.

use super::model_file::{Model, ModelError};

const BYTES: &[u8] = include_bytes!("seed/resonanz.model");

/// Length of the file.
pub fn bytes() -> usize {
    BYTES.len()
}

/// Reads it; a tenth of the time that a start may take.
///
/// # Errors
/// None but after a build from spoilt sources.
pub fn model() -> Result<Model, ModelError> {
    Model::from_bytes(BYTES)
}
