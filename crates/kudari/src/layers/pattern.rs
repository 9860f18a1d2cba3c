//! Patterns for the names of parameters.

/// Whether a parameter's name matches a pattern, in which `*` stands for any characters, also none and also dots:
/// `*.bias` are all biases, `0.*` is all of the first layer, `*` everything.
///
/// ```
/// use kudari::layers::matches;
/// assert!(matches("*.bias", "encoder.0.bias") && matches("0.*", "0.weight") && !matches("0.*", "10.weight"));
/// ```
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The leftmost place leaves the most for the parts behind it.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name) in
            [("*", ""), ("*", "0.weight"), ("a", "a"), ("a*", "a"), ("*a", "ba"), ("a*b*c", "a.b.b.c"), ("**", "x")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("", "a"), ("a", "ab"), ("a*a", "a"), ("a*b*c", "acb"), ("*.bias", "bias"), ("1.*", "11.weight")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
