//! Gives the linker an empty libpcap to find: the functions themselves are this crate's, and look for the real ones later.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
        // an archive without members is its eight magic bytes
        fs::write(out.join("libpcap.a"), b"!<arch>\n")?;
        println!("cargo::rustc-link-search=native={}", out.display());
    }
    Ok(())
}
