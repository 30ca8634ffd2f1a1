//! Lists and parameters in field values, split outside of quoted strings (RFC 9110 5.6.1, 5.6.4, 5.6.6).

/// The members of a comma-separated list.
pub(crate) fn split_list(value: &str) -> Vec<&str> {
    split_unquoted(value, ',')
}

/// The parts of a value between separators.
pub(crate) fn split_unquoted(value: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(move |character: char| {
            let separates = character == separator && !quoted;
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            separates
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comma_in_quotes_does_not_separate() {
        assert_eq!(split_list(r#"a; b="x,\"y", c"#), [r#"a; b="x,\"y""#, " c"]);
    }
}
