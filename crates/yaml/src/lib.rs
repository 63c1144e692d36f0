//! What a YAML parser says of a configuration file, in words for whoever wrote it.
//!
//! Which key a line belongs to, and what that key takes, each role knows of its own file.

/// The parser's own words in one line, without the place: that is said by whoever knows the file.
pub fn words(error: &serde_saphyr::Error) -> String {
    let said = error.without_snippet().to_string();
    let said = said.lines().next().unwrap_or_default();
    let after = said.split_once("column ").and_then(|(_, rest)| rest.split_once(": "));
    let plain = after.map_or(said, |(_, words)| words);
    let plain = [" at line ", ", set DuplicateKeyPolicy"]
        .iter()
        .fold(plain, |words, tail| words.split_once(tail).map_or(words, |(before, _)| before));
    let plain = match plain.split_once("`, expected one of ") {
        Some((_, known)) if plain.starts_with("unknown field") => &format!("no such key; there are {known}"),
        _ => plain,
    };
    plain
        .replace("sequence start", "a list")
        .replace("mapping start", "keys with values")
        .replace("string scalar", "text")
        .replace("invalid boolean", "neither true nor false")
        .replace("invalid u32", "no whole number below 4294967296")
        .replace("invalid u64", "no whole number")
}

#[cfg(test)]
mod tests {
    use super::words;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct File {
        parity: bool,
        names: Vec<String>,
        bytes: u32,
    }

    #[test]
    fn the_parsers_words_are_put_plainly() {
        for (text, wanted) in [
            ("parity: perhaps", "neither true nor false"),
            ("names: x", "expected a list"),
            ("bytes: many", "no whole number below 4294967296"),
            ("colour: red", "no such key; there are parity, names, bytes"),
            ("hello", "expected keys with values"),
            ("bytes: 1\nbytes: 2", "duplicate mapping key: bytes"),
        ] {
            let said = words(&serde_saphyr::from_str::<File>(text).unwrap_err());
            assert!(said.contains(wanted) && !said.contains(['\n', '`']), "{text:?}: {said}");
        }
    }
}
