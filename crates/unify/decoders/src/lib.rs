//! Only dependencies and their features: see `Cargo.toml`.
