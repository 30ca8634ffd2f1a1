//! TLS (RFC 8446, 5246), recognised and named; its records are not decrypted.

mod hello;

pub(crate) use hello::{Hello, begins_like_record};
