//! The rules that findings cite, as `wireseam rules` and `wireseam explain` show them.

use wireseam_analyzer::{RULES, Rule};

/// All of them, one a line.
pub(crate) fn list() -> String {
    let width = |of: fn(&Rule) -> &str| RULES.iter().map(|rule| of(rule).len()).max().unwrap_or(0);
    let (id, reference) = (width(|rule| rule.id), width(|rule| rule.reference));
    let line = |rule: &&Rule| {
        let level = rule.level.to_string();
        format!(
            "{:id$}  {level:6}  {:reference$}  {}\n",
            rule.id, rule.reference, rule.title
        )
    };
    RULES.iter().map(line).collect()
}

/// One in full.
pub(crate) fn explain(id: &str) -> anyhow::Result<String> {
    let Some(rule) = RULES.iter().find(|rule| rule.id == id) else {
        anyhow::bail!("there is no rule {}{}", id.escape_debug(), way_out(id));
    };
    let Rule {
        id,
        reference,
        level,
        title,
        explanation,
    } = rule;
    Ok(format!(
        "{id}: {title}\n{level}, {reference}\n\n{}\n",
        paragraph(explanation)
    ))
}

/// The rules of the same area, where there are any; else where to find all.
fn way_out(id: &str) -> String {
    let area = |id: &str| id.split('.').next().map(str::to_owned);
    let near: Vec<_> = RULES
        .iter()
        .map(|rule| rule.id)
        .filter(|known| area(known) == area(id))
        .collect();
    if near.is_empty() {
        "; `wireseam rules` lists them".to_owned()
    } else {
        format!("; there are {}", near.join(", "))
    }
}

/// Words in lines of a readable width.
fn paragraph(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// The width of an explanation's lines.
const WIDTH: usize = 90;
