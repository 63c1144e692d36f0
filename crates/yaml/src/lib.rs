//! What a YAML parser says of a configuration file, in words for whoever wrote it.
//!
//! What a key takes, each role knows of its own file.

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

/// The key of a line, counted from 0, with those it is inside of (`server.spool`); empty when one of the lines has none.
pub fn key_at(text: &str, at: usize) -> String {
    let lines: Vec<&str> = text.lines().take(at + 1).collect();
    let Some((line, above)) = lines.split_last() else { return String::new() };
    let mut keys = vec![plain_key(line)];
    let mut inside = Inside::of(line);
    for line in above.iter().rev() {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') || inside.is_neighbour(line) {
            continue;
        }
        if column(line) < inside.depth {
            keys.push(plain_key(line));
            inside = Inside::of(line);
        } else if indent(line) < inside.depth && text.starts_with("- ") {
            // where the item begins that the keys so far are in
            inside = Inside::of(line);
        }
    }
    if keys.iter().any(|key| key.is_empty()) {
        return String::new();
    }
    keys.reverse();
    keys.join(".")
}

/// What keys further left have inside of them.
struct Inside {
    /// Columns, from which on it stands.
    depth: usize,
    /// Whether it is an item of a list, which may stand right under its key.
    is_item: bool,
}

impl Inside {
    fn of(line: &str) -> Self {
        let is_item = line.trim_start().starts_with("- ");
        Self { depth: indent(line) + usize::from(is_item), is_item }
    }

    /// Whether the line begins another item of the same list.
    fn is_neighbour(&self, line: &str) -> bool {
        self.is_item && indent(line) + 1 == self.depth && line.trim_start().starts_with("- ")
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where the key of a line begins, behind the dash of an item.
fn column(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').trim_start_matches("- ").trim_start_matches(' ').len()
}

/// The key that a line says by itself; empty when it says none.
pub fn plain_key(line: &str) -> &str {
    let key = line.split_once(':').map_or("", |(key, _)| key.trim().trim_start_matches("- "));
    if key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/')) { key } else { "" }
}

#[cfg(test)]
mod tests {
    use super::{key_at, words};

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

    #[test]
    fn a_line_is_inside_of_what_stands_further_left() {
        let text = "a:\n  b: 1\n\n  # c: 2\n  d:\n  - e: 3\n    f: 4\n  - g: 5\nh: 6\n-: 7\n";
        let keys: Vec<String> = (0..text.lines().count()).map(|at| key_at(text, at)).collect();
        assert_eq!(keys, ["a", "a.b", "", "", "a.d", "a.d.e", "a.d.f", "a.d.g", "h", "", ""][..keys.len()]);
    }
}
