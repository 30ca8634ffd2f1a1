//! JUnit's XML: a suite for each folder, a case for each fixture.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{Run, sentences};
use crate::check::{Checked, Verdict};

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<&Checked>> = BTreeMap::new();
    for checked in &run.checked {
        suites
            .entry(folder(&checked.fixture.id))
            .or_default()
            .push(checked);
    }
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = xml
        .create_element("testsuites")
        .with_attribute(("name", "wireseam"));
    root.write_inner_content(|xml| {
        for (name, suite) in &suites {
            write_suite(xml, name, suite)?;
        }
        if !run.strays.is_empty() {
            write_strays(xml, run)?;
        }
        Ok(())
    })?;
    writeln!(out)
}

fn write_suite<W: Write>(xml: &mut Writer<W>, name: &str, suite: &[&Checked]) -> io::Result<()> {
    let failed = |verdict| u8::from(!matches!(verdict, Verdict::Ok)) - u8::from(is_error(verdict));
    let failures: usize = suite
        .iter()
        .map(|checked| usize::from(failed(checked.verdict())))
        .sum();
    let errors = suite
        .iter()
        .filter(|checked| is_error(checked.verdict()))
        .count();
    let element = xml.create_element("testsuite").with_attributes([
        ("name", name),
        ("tests", &suite.len().to_string()),
        ("failures", &failures.to_string()),
        ("errors", &errors.to_string()),
    ]);
    element.write_inner_content(|xml| {
        for checked in suite {
            write_case(xml, name, checked)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case<W: Write>(xml: &mut Writer<W>, suite: &str, checked: &Checked) -> io::Result<()> {
    let id = &checked.fixture.id;
    let name = id
        .strip_prefix(suite)
        .map_or(&**id, |rest| rest.trim_start_matches('/'));
    let path = checked.fixture.path.display().to_string();
    let element = xml.create_element("testcase").with_attributes([
        ("classname", suite),
        ("name", name),
        ("file", &path),
        ("time", &format!("{:.6}", checked.took.as_secs_f64())),
    ]);
    if checked.problems.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    let sentences = sentences(checked);
    let (first, kind) = (
        sentences.first().map_or("", String::as_str),
        checked.verdict(),
    );
    element.write_inner_content(|xml| {
        let tag = if is_error(kind) { "error" } else { "failure" };
        let what = xml.create_element(tag).with_attributes([
            ("type", &*kind.to_string()),
            ("message", &*printable(first)),
        ]);
        what.write_text_content(BytesText::new(&printable(&sentences.join("\n"))))?;
        Ok(())
    })?;
    Ok(())
}

fn write_strays<W: Write>(xml: &mut Writer<W>, run: &Run) -> io::Result<()> {
    let count = run.strays.len().to_string();
    let suite = xml.create_element("testsuite").with_attributes([
        ("name", "files without a fixture"),
        ("tests", &count),
        ("failures", &count),
        ("errors", "0"),
    ]);
    suite.write_inner_content(|xml| {
        for stray in &run.strays {
            let path = stray.path.display().to_string();
            let case = xml
                .create_element("testcase")
                .with_attributes([("name", &*path), ("file", &*path)]);
            case.write_inner_content(|xml| {
                let failure = xml.create_element("failure");
                failure
                    .with_attributes([("type", "stale"), ("message", stray.text())])
                    .write_empty()?;
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The folder of a fixture.
fn folder(id: &str) -> &str {
    id.rsplit_once('/').map_or("fixtures", |(folder, _)| folder)
}

/// In JUnit's words a test that failed was told from one that could not be made.
fn is_error(verdict: Verdict) -> bool {
    verdict >= Verdict::Contradicts
}

/// XML has no way to write most control characters.
fn printable(text: &str) -> String {
    let kept = |letter: char| !letter.is_control() || letter == '\n';
    text.chars()
        .map(|letter| if kept(letter) { letter } else { '\u{fffd}' })
        .collect()
}
