//! Any bytes as a capture file, packed or not, through every renderer.

use std::{
    io::Cursor,
    sync::{Arc, LazyLock, atomic::AtomicBool},
};

use serde_json::Value;
use wireseam::{
    Options,
    analyzer::{Config, PayloadPolicy},
    capture::{Bounded, FileSource},
    report::{Json, Ndjson, Palette, Render, Summary, Text, schema},
    verify::Verify,
};

/// The input is the file.
pub(crate) fn file(data: &[u8]) {
    let policies = [
        PayloadPolicy::None,
        PayloadPolicy::Preview,
        PayloadPolicy::Sha256,
        PayloadPolicy::Full,
    ];
    let options = Options {
        name: "fuzz".to_owned(),
        config: Config {
            payload: policies[data.len() % policies.len()],
            ..Config::default()
        },
        ..Options::default()
    };
    let mut text = Vec::new();
    let mut verify = Verify::new(Text::new(&mut text, Palette::coloured()));
    if !inspect(data, &options, &mut verify) {
        return;
    }
    let verified = verify.verification();
    assert_eq!(verified.violations, 0, "{verified}: {:#?}", verified.listed);
    drop(verify);
    text.retain(|byte| *byte < b' ' && *byte != b'\n' && *byte != 0x1B);
    assert!(
        text.is_empty(),
        "control characters of the traffic are printed: {text:?}"
    );
    inspect(data, &options, &mut Summary::new(Vec::new()));
    let mut json = Vec::new();
    inspect(data, &options, &mut Json::new(&mut json));
    hold(&DOCUMENT, &json);
    let mut lines = Vec::new();
    inspect(data, &options, &mut Ndjson::new(&mut lines));
    for line in lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        hold(&LINE, line);
    }
}

/// Whether there was anything to read.
fn inspect(data: &[u8], options: &Options, render: &mut dyn Render) -> bool {
    let Ok(source) = FileSource::from_reader("fuzz", Cursor::new(data.to_vec())) else {
        return false;
    };
    let mut source = Bounded::new(source, Arc::new(AtomicBool::new(false)), Some(MOST_PACKETS));
    match wireseam::inspect(&mut source, options, render) {
        Ok(_) => true,
        Err(wireseam::Error::Capture(_)) => !wireseam::capture::Source::statistics(&source)
            .link_types
            .is_empty(),
        Err(fault) => panic!("memory takes everything: {fault}"),
    }
}

fn hold(schema: &jsonschema::Validator, written: &[u8]) {
    let value: Value = serde_json::from_slice(written)
        .unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(written)));
    let faults: Vec<_> = schema
        .iter_errors(&value)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

static DOCUMENT: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| validator(&schema::json_schema()));
static LINE: LazyLock<jsonschema::Validator> = LazyLock::new(|| validator(&schema::line_schema()));

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::validator_for(schema).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A small packed file can hold millions.
const MOST_PACKETS: u64 = 10_000;
