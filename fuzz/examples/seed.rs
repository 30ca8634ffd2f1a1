//! Writes the seeds of every target into `fuzz/corpus`: the fixtures and small recordings, in the form each target reads.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = fuzz.parent().unwrap_or(fuzz);
    for (target, seeds) in wireseam_fuzz::seeds(root) {
        let corpus = fuzz.join("corpus").join(target);
        fs::create_dir_all(&corpus)?;
        for (name, bytes) in &seeds {
            fs::write(corpus.join(name), bytes)?;
        }
        println!("{} seeds in {}", seeds.len(), corpus.display());
    }
    Ok(())
}
