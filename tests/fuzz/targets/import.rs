//! Anything at all as a query of each of the other systems.
//!
//! Run it with `tests/fuzz/run import [SECONDS]`; what must hold is in `checks.rs`.

#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::import(&String::from_utf8_lossy(data)));
