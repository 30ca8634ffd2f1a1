//! The paths that a source file names: those of its `use` declarations, written out, and those in its code.

use super::sources::without_comment;

/// Each path from `std`, `core`, `alloc` or another crate's name on, with its line: `use std::{fs, net::IpAddr}` names
/// `std::fs` and `std::net::IpAddr`.
pub(super) fn paths(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().map(without_comment).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let number = at + 1;
        let Some(declaration) = declaration(lines[at]) else {
            found.extend(inline(lines[at]).map(|path| (number, path)));
            at += 1;
            continue;
        };
        let mut whole = declaration.to_owned();
        while !lines[at].ends_with(';') && at + 1 < lines.len() {
            at += 1;
            whole.push_str(lines[at].trim());
        }
        expand("", whole.trim_end_matches(';'), &mut |path| {
            found.push((number, path));
        });
        at += 1;
    }
    found
}

/// What follows `use` in a line that begins such a declaration.
fn declaration(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) => rest
            .trim_start_matches("(crate)")
            .trim_start_matches("(super)"),
        None => line,
    };
    line.trim_start().strip_prefix("use ")
}

/// Writes out the braces of a `use` tree.
fn expand(prefix: &str, tree: &str, found: &mut impl FnMut(String)) {
    let tree = tree.trim();
    let Some((path, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim();
        let path = path.strip_suffix("::self").unwrap_or(path);
        if !path.is_empty() {
            let path = format!("{prefix}{path}");
            found(path.strip_suffix("::self").unwrap_or(&path).to_owned());
        }
        return;
    };
    let prefix = format!("{prefix}{}", path.trim());
    let group = group.strip_suffix('}').unwrap_or(group);
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&prefix, &group[begin..at], found);
                begin = at + 1;
            }
            _ => {}
        }
    }
    expand(&prefix, &group[begin..], found);
}

/// The paths in a line of code.
fn inline(line: &str) -> impl Iterator<Item = String> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| word.contains("::"))
        .map(|word| word.trim_matches(':').to_owned())
}

#[test]
fn braces_are_written_out_and_code_is_searched() {
    let text = "\
use std::{
    fmt, // std::fs is not named here
    io::{self, Read as _},
};
pub(crate) use crate::a::b;
let now = std::time::Instant::now();
";
    let found = paths(text);
    let expected = [
        (1, "std::fmt"),
        (1, "std::io"),
        (1, "std::io::Read"),
        (5, "crate::a::b"),
        (6, "std::time::Instant::now"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
}
