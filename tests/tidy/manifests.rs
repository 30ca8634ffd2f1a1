//! The members' manifests: who depends on whom.

use std::fs;

use toml::{Table, Value};

use super::sources::{File, root};

/// A part, its manifest, and the parts that it may depend on.
///
/// A dependency for tests counts: a circle through tests makes two copies of every type in it.
const PARTS: [(&str, &str, &[&str]); 7] = [
    ("wireseam-wire", "wire", &[]),
    ("wireseam-libpcap", "capture/libpcap", &[]),
    (
        "wireseam-capture",
        "capture",
        &["wireseam-wire", "wireseam-libpcap"],
    ),
    ("wireseam-analyzer", "analyzer", &["wireseam-wire"]),
    ("wireseam-fixtures", "fixtures", &["wireseam-wire"]),
    (
        "wireseam-example-library",
        "examples/library",
        &["wireseam"],
    ),
    (
        "wireseam",
        "",
        &[
            "wireseam-wire",
            "wireseam-capture",
            "wireseam-analyzer",
            "wireseam-fixtures",
        ],
    ),
];

/// Dependencies that go the wrong way, and members that no rule speaks of.
pub(super) fn wrong_ways() -> Vec<String> {
    let mut wrong = Vec::new();
    for (part, folder, allowed) in PARTS {
        let file = manifest(folder);
        for (_, name) in dependencies(&file) {
            if name.starts_with("wireseam") && !allowed.contains(&name.as_str()) {
                let line = line_of(&file, &name);
                wrong.push(file.place(line, &format!("{part} depends on {name}")));
            }
        }
    }
    let file = manifest("");
    let members = parse(&file)["workspace"]["members"].clone();
    for member in members.as_array().unwrap() {
        let member = member.as_str().unwrap();
        if !PARTS.iter().any(|(_, folder, _)| *folder == member) {
            let line = line_of(&file, "members");
            wrong.push(file.place(
                line,
                &format!(
                    "member {member} is in no rule: add it to PARTS in tests/tidy/manifests.rs"
                ),
            ));
        }
    }
    wrong
}

/// Dependencies, those for tests aside, on libraries that live elsewhere.
pub(super) fn strangers(homes: &[(&str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (part, folder, _) in PARTS {
        let file = manifest(folder);
        for (table, name) in dependencies(&file) {
            let library = name.replace('-', "_");
            let home = homes.iter().find(|(known, _)| *known == library);
            if table != "dev-dependencies"
                && home.is_some_and(|(_, home)| *home != format!("{folder}/src/"))
            {
                let line = line_of(&file, &name);
                wrong.push(file.place(line, &format!("{part} depends on {name}")));
            }
        }
    }
    wrong
}

/// Members that do not keep the workspace's lints, among them that there is no `unsafe`.
pub(super) fn without_lints(excepted: &str) -> Vec<String> {
    let mut without = Vec::new();
    for (part, folder, _) in PARTS {
        let file = manifest(folder);
        let keeps = parse(&file)["lints"].get("workspace") == Some(&Value::Boolean(true));
        if keeps == (folder == excepted) {
            let line = line_of(&file, "[lints");
            without.push(file.place(line, &format!("{part}: workspace = {keeps}")));
        }
    }
    without
}

/// Every dependency with the table that it stands in, those for single platforms included.
fn dependencies(file: &File) -> Vec<(&'static str, String)> {
    let manifest = parse(file);
    let platforms = manifest.get("target").and_then(Value::as_table);
    let tables = platforms
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table)
        .chain([&manifest]);
    tables
        .flat_map(|table| {
            TABLES.into_iter().flat_map(|name| {
                let listed = table.get(name).and_then(Value::as_table);
                let names = listed.into_iter().flat_map(Table::keys);
                names.map(move |dependency| (name, dependency.clone()))
            })
        })
        .collect()
}

fn manifest(folder: &str) -> File {
    let path = format!("{folder}/Cargo.toml")
        .trim_start_matches('/')
        .to_owned();
    let text = fs::read_to_string(root().join(&path)).unwrap();
    File { path, text }
}

fn parse(file: &File) -> Table {
    file.text
        .parse()
        .unwrap_or_else(|fault| panic!("{}: {fault}", file.path))
}

fn line_of(file: &File, beginning: &str) -> usize {
    let line = file
        .text
        .lines()
        .position(|line| line.starts_with(beginning));
    line.map_or(1, |at| at + 1)
}

const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
