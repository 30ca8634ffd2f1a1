//! The rules that findings cite, as `wireseam rules` and `wireseam explain` show them.

use wireseam_analyzer::{RULES, Rule};

use crate::limits;

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
    let limit = limits::way_out(id).map_or_else(String::new, |way| format!("\n{way}\n"));
    Ok(format!(
        "{id}: {title}\n{level}, {reference}\n\n{}\n{limit}",
        paragraph(explanation)
    ))
}

/// The rules that may be meant, the nearest kind of likeness first; where there are none, where to find all.
fn way_out(id: &str) -> String {
    let words = |id: &str| id.split('.').map(str::to_owned).collect::<Vec<_>>();
    let asked = words(id);
    let begins_so = |known: &str| known.starts_with(id);
    let has_word = |known: &str| {
        words(known)[1..]
            .iter()
            .any(|word| Some(word) == asked.last())
    };
    let is_of_area = |known: &str| words(known).first() == asked.first();
    let likenesses: [&dyn Fn(&str) -> bool; 3] = [&begins_so, &has_word, &is_of_area];
    for likeness in likenesses {
        let known = RULES.iter().map(|rule| rule.id);
        let near: Vec<_> = known.filter(|known| likeness(known)).collect();
        if !id.is_empty() && !near.is_empty() {
            let verb = if near.len() == 1 { "is" } else { "are" };
            return format!("; there {verb} {}", near.join(", "));
        }
    }
    "; `wireseam rules` lists them".to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_as_asked_comes_before_what_has_the_word_and_what_is_of_the_area() {
        let said = |id: &str| explain(id).expect_err("no such rule").to_string();
        let mask = said("ws.mask");
        assert!(
            mask.contains("; there are ws.mask.missing, ws.mask.") && !mask.contains("ws.utf8"),
            "{mask}"
        );
        assert_eq!(
            said("mask.missing"),
            "there is no rule mask.missing; there is ws.mask.missing"
        );
        assert!(said("ws.nothing").contains("ws.utf8"));
        assert_eq!(said("x"), "there is no rule x; `wireseam rules` lists them");
        assert_eq!(said(""), "there is no rule ; `wireseam rules` lists them");
    }
}
