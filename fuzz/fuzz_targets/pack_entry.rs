#![no_main]

use taas_affinity::repo;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| repo::inspect::parse::pack_entry(bytes));
