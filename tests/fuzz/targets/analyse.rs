//! Anything at all as a text: words, their places and what is highlighted.
//!
//! Run it with `tests/fuzz/run analyse [SECONDS]`; what must hold is in `checks.rs`.

#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::analyse(&String::from_utf8_lossy(data)));
