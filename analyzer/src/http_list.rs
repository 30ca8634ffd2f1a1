//! Lists and parameters in field values, split outside of quoted strings (RFC 9110 5.6.1, 5.6.4, 5.6.6).

/// The members of a comma-separated list.
pub(crate) fn split_list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut separates = separates(',');
    value.split(move |byte| separates(char::from(*byte)))
}

/// The parts of a value between separators.
pub(crate) fn split_unquoted(value: &str, separator: char) -> Vec<&str> {
    value.split(separates(separator)).collect()
}

/// Whether each character of a value, asked in order, separates.
fn separates(separator: char) -> impl FnMut(char) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    move |character| {
        let separates = character == separator && !quoted;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        separates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comma_in_quotes_does_not_separate() {
        let members: Vec<_> = split_list(br#"a; b="x,\"y", c"#).collect();
        assert_eq!(members, [br#"a; b="x,\"y""#.as_slice(), b" c"]);
    }

    #[test]
    fn semicolon_in_quotes_does_not_separate() {
        assert_eq!(
            split_unquoted(r#"a; b="x;\"y;"; c"#, ';'),
            ["a", r#" b="x;\"y;""#, " c"]
        );
    }
}
