//! Whether a server has to understand an offer of extensions: it may refuse one that is not as RFC 6455 9.1 has it.

/// The first quoted value in an offer that is no token without its quotes.
pub(super) fn value_that_is_no_token(offer: &str) -> Option<String> {
    let mut rest = offer.chars();
    while rest.by_ref().any(|c| c == '"') {
        let (mut value, mut is_closed) = (String::new(), false);
        while let Some(c) = rest.next() {
            match c {
                '"' => {
                    is_closed = true;
                    break;
                }
                '\\' => value.extend(rest.next()),
                c => value.push(c),
            }
        }
        if !is_closed || !is_token(&value) {
            return Some(value);
        }
    }
    None
}

/// RFC 9110 5.6.2.
fn is_token(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_has_to_be_a_token_without_its_quotes() {
        for offer in [
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits",
            r#"permessage-deflate; server_max_window_bits="10""#,
            r#"x; a="b\c"; d="!#$%&'*+-.^_`|~09azAZ""#,
        ] {
            assert_eq!(value_that_is_no_token(offer), None, "{offer}");
        }
        for (offer, value) in [
            (r#"x; note="a, b; c""#, "a, b; c"),
            (r#"x; note="""#, ""),
            (r#"x; a="10"; note="a\"b""#, "a\"b"),
            (r#"x; note="caf\u{e9}""#, "cafu{e9}"),
            (r#"x; note="open"#, "open"),
            (r#"x; note="open\"#, "open"),
        ] {
            assert_eq!(
                value_that_is_no_token(offer).as_deref(),
                Some(value),
                "{offer}"
            );
        }
    }
}
