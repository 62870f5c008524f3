//! Anything at all as the query of a watch and of the search page.
//!
//! Run it with `tests/fuzz/run query [SECONDS]`; what must hold is in `checks.rs`.

#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::query(&String::from_utf8_lossy(data)));
