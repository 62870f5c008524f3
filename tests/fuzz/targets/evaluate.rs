//! A query on a title and a text, one a line: the naive evaluator and the matcher agree.
//!
//! Run it with `tests/fuzz/run evaluate [SECONDS]`; what must hold is in `checks.rs`.

#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::evaluate(&String::from_utf8_lossy(data)));
