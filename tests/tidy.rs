//! What the sources promise about themselves: who may depend on whom, who may know what, and what every file has.
//!
//! Each rule names the file and line that break it and the way out. `ARCHITECTURE.md` says why the rules are there.

mod manifests;
mod paths;
mod sources;

use std::fs;

use self::{
    paths::paths,
    sources::{File, breaches, rust_files, text_files},
};

#[test]
fn parts_depend_on_each_other_only_downwards() {
    breaches(
        "a lower part must not know an upper one, nor its neighbour: move what both need down into wire, or up into the root",
        manifests::wrong_ways(),
    );
}

#[test]
fn every_foreign_library_has_one_home() {
    let sources = rust_files().into_iter().filter(File::is_in_src);
    let named = sources.flat_map(|file| {
        let strangers = HOMES
            .iter()
            .filter(|(_, home)| !file.path.starts_with(home));
        let places = strangers.flat_map(|(library, _)| {
            file.code()
                .filter(|(_, line)| names_crate(line, library))
                .map(|(number, _)| file.place(number, &format!("names {library}")))
                .collect::<Vec<_>>()
        });
        places.collect::<Vec<_>>()
    });
    breaches(
        "a library's types stay where it is used: etherparse in wire, pcap, pcap_parser and ferranet in capture, nom in analyzer, pnet in \
         fixtures; give the others a type of ours",
        named.chain(manifests::strangers(&HOMES)).collect(),
    );
}

#[test]
fn one_member_calls_c_and_no_other() {
    breaches(
        "every member has [lints] workspace = true, which forbids unsafe; only capture/libpcap needs it, and has lints of its own",
        manifests::without_lints("capture/libpcap"),
    );
}

#[test]
fn wire_and_analyzer_touch_nothing_outside() {
    let pure = rust_files()
        .into_iter()
        .filter(|file| PURE.iter().any(|part| file.path.starts_with(part)));
    let reached = pure.flat_map(|file| {
        let found = paths(&file.text)
            .into_iter()
            .filter(|(_, path)| OUTSIDE.iter().any(|outside| is_within(path, outside)));
        let printed = file
            .code()
            .filter(|(_, line)| PRINTING.iter().any(|macro_call| line.contains(macro_call)))
            .map(|(number, line)| (number, line.trim().to_owned()));
        let places = found.chain(printed);
        places
            .map(|(number, what)| file.place(number, &what))
            .collect::<Vec<_>>()
    });
    breaches(
        "wire and analyzer are pure: what they need of files, sockets, threads, clocks or the environment comes in as an \
         argument, what they have to say goes out as a value",
        reached.collect(),
    );
}

#[test]
fn only_the_report_is_serialised() {
    let others = rust_files()
        .into_iter()
        .filter(|file| file.is_in_src() && !SERIALISED.contains(&file.path.as_str()));
    let found = others.flat_map(|file| {
        let lines = file.attributes("derive").into_iter().filter(|(_, derive)| {
            derive
                .split([',', '(', ')'])
                .any(|name| matches!(name.trim(), "Serialize" | "serde::Serialize"))
        });
        let by_hand = file
            .code()
            .filter(|(_, line)| line.starts_with("impl") && line.contains("Serialize for "))
            .map(|(number, line)| (number, line.to_owned()));
        lines
            .chain(by_hand)
            .map(|(number, what)| file.place(number, &what))
            .collect::<Vec<_>>()
    });
    breaches(
        "every key that leaves the program is in src/report/schema.rs: make a record there, and fill it in src/report/record.rs",
        found.collect(),
    );
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let silent = rust_files()
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.place(1, "has no //! header"));
    breaches(
        "begin with a line //! that says which question the file answers",
        silent.collect(),
    );
}

#[test]
fn roots_of_modules_hold_no_functions() {
    let roots = rust_files()
        .into_iter()
        .filter(|file| file.is_in_src() && matches!(file.name(), "lib.rs" | "mod.rs"));
    let found = roots.flat_map(|file| {
        file.code()
            .filter(|(_, line)| line.split_whitespace().any(|word| word == "fn"))
            .map(|(number, line)| file.place(number, line.trim()))
            .collect::<Vec<_>>()
    });
    breaches(
        "lib.rs and mod.rs hold docs, mod lines and re-exports: move the function into a file named after what it does",
        found.collect(),
    );
}

#[test]
fn no_file_is_too_long_to_read() {
    let found = rust_files().into_iter().filter_map(|file| {
        let lines = file.code().filter(|(_, line)| !line.is_empty()).count();
        (lines > MOST_LINES).then(|| {
            let text = format!("has {lines} lines of code, more than {MOST_LINES}");
            file.place(1, &text)
        })
    });
    breaches(
        "a file answers one question: find the second one and give it its own file",
        found.collect(),
    );
}

#[test]
fn nothing_is_allowed_without_a_reason() {
    let found = rust_files().into_iter().flat_map(|file| {
        let attributes = ["allow", "expect", "cfg_attr"];
        let found = attributes
            .into_iter()
            .flat_map(|name| file.attributes(name));
        found
            .filter(|(_, text)| text.contains("allow(") || text.contains("expect("))
            .filter(|(_, text)| !text.contains("reason = \""))
            .map(|(number, text)| file.place(number, &text))
            .collect::<Vec<_>>()
    });
    breaches(
        "write #[expect(lint, reason = \"..\")], which also tells when it is no longer needed",
        found.collect(),
    );
}

#[test]
fn tests_are_claims_that_neither_panic_on_purpose_nor_wait() {
    let found = rust_files().into_iter().flat_map(|file| {
        file.code()
            .filter(|(_, line)| {
                SLOPPY.iter().any(|word| line.contains(word))
                    || line.trim_start().starts_with(concat!("fn ", "test_"))
            })
            .map(|(number, line)| file.place(number, line.trim()))
            .collect::<Vec<_>>()
    });
    breaches(
        "name a test after what it claims, match on the error it expects, and give it the time as an argument",
        found.collect(),
    );
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    let found = text_files().into_iter().flat_map(|file| {
        let lines = file.text.lines().enumerate();
        lines
            .filter(|(_, line)| MACHINE.iter().any(|folder| line.contains(folder)))
            .map(|(at, line)| file.place(at + 1, line.trim()))
            .collect::<Vec<_>>()
    });
    breaches(
        "nobody else has this folder: say it with a path inside the repository",
        found.collect(),
    );
}

#[test]
fn tests_are_listed_in_the_one_binary() {
    let main = fs::read_to_string(sources::root().join("tests/main.rs")).unwrap();
    let missing = rust_files().into_iter().filter_map(|file| {
        let name = file.path.strip_prefix("tests/")?.strip_suffix(".rs")?;
        let is_listed = name == "main"
            || name.contains('/')
            || main.lines().any(|line| line == format!("mod {name};"));
        (!is_listed)
            .then(|| file.place(1, "is no module of tests/main.rs, so nothing in it is run"))
    });
    breaches(
        "add it to tests/main.rs with a line that says what it holds",
        missing.collect(),
    );
}

/// Whether a line of code names a crate: as the beginning of a path.
fn names_crate(line: &str, library: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(library).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + library.len()..]);
        !before.ends_with(is_word) && !before.ends_with("::") && {
            let after = after.trim_start();
            after.starts_with("::")
                || (before.trim_start().starts_with("use ") && !after.starts_with(is_word))
        }
    })
}

/// Whether `path` is `outside` or something in it; `Tcp*` stands for all names that begin so.
fn is_within(path: &str, outside: &str) -> bool {
    match outside.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None => path
            .strip_prefix(outside)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::")),
    }
}

/// Libraries whose types stay in one part, and that part.
const HOMES: [(&str, &str); 6] = [
    ("etherparse", "wire/src/"),
    ("pcap", "capture/src/"),
    ("pcap_parser", "capture/src/"),
    ("ferranet", "capture/src/"),
    ("nom", "analyzer/src/"),
    ("pnet", "fixtures/src/"),
];

/// The parts that are functions of their input and nothing else.
const PURE: [&str; 2] = ["wire/src/", "analyzer/src/"];

/// What such a part does not touch. Addresses (`std::net::IpAddr`) are values.
const OUTSIDE: [&str; 10] = [
    "std::fs",
    "std::net::Tcp*",
    "std::net::Udp*",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::env",
    "std::process",
    "std::io::std*",
    "serde",
];

/// How it would print.
const PRINTING: [&str; 5] = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];

/// Where types learn to be written in JSON: the records, and the single values in them.
const SERIALISED: [&str; 3] = [
    "src/report/schema.rs",
    "src/report/schema/capture.rs",
    "src/report/value.rs",
];

/// More lines of code than this, without comments, are more than one question's answer.
const MOST_LINES: usize = 500;

/// What a test does not do.
const SLOPPY: [&str; 2] = [concat!("should_", "panic"), concat!("thread::", "sleep")];

/// Where people keep their files.
const MACHINE: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/.lib", "rary"),
];
