//! Text that PostgreSQL accepts: it refuses NUL.
//!
//! NUL becomes two characters that Unicode reserves and nobody writes; those five, should somebody write them, become two
//! as well. The first of two is never a second one: so what is part of a text before is part of it after, and nothing else
//! is. Only the order of texts that hold such characters is another.

use serde_json::{Map, Value};

const FIRST: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];
const SECOND: [char; 3] = ['\u{fdd2}', '\u{fdd3}', '\u{fdd4}'];
/// In the order of their codes.
const ESCAPED: [char; 6] = ['\0', '\u{fdd0}', '\u{fdd1}', '\u{fdd2}', '\u{fdd3}', '\u{fdd4}'];

pub(crate) fn text(text: &str) -> String {
    if !text.contains(ESCAPED) {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match ESCAPED.iter().position(|escaped| *escaped == c) {
            Some(code) => result.extend([FIRST[code / 3], SECOND[code % 3]]),
            None => result.push(c),
        }
    }
    result
}

pub(crate) fn undone(text: String) -> String {
    if !text.contains(FIRST) {
        return text;
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let code = FIRST.iter().position(|first| *first == c).and_then(|first| {
            let next = rest.clone().next()?;
            Some(first * 3 + SECOND.iter().position(|second| *second == next)?)
        });
        match code {
            Some(code) => {
                rest.next();
                result.push(ESCAPED[code]);
            }
            None => result.push(c),
        }
    }
    result
}

/// A document as text to be stored.
pub(crate) fn document(document: String) -> String {
    if !document.contains("\\u0000") && !document.contains(&ESCAPED[1..]) {
        return document;
    }
    serde_json::from_str(&document).map_or(document, |json| value(json, &|t| text(&t)).to_string())
}

/// Whether a stored document holds nothing that was changed.
pub(crate) fn is_plain(document: &str) -> bool {
    !document.contains(FIRST)
}

/// A stored document.
pub(crate) fn parsed(document: &str) -> Result<Value, serde_json::Error> {
    let json = serde_json::from_str(document)?;
    Ok(if is_plain(document) { json } else { value(json, &undone) })
}

/// The text of a stored document, as it was before.
pub(crate) fn read(document: String) -> Result<String, serde_json::Error> {
    if is_plain(&document) { Ok(document) } else { Ok(parsed(&document)?.to_string()) }
}

fn value(json: Value, change: &dyn Fn(String) -> String) -> Value {
    match json {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.into_iter().map(|item| value(item, change)).collect(),
        Value::Object(entries) => {
            let entry = |(key, item)| (change(key), value(item, change));
            Value::Object(entries.into_iter().map(entry).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{ESCAPED, text, undone};

    #[test]
    fn every_text_comes_back_and_parts_stay_parts() {
        let letters: Vec<char> = ESCAPED.into_iter().chain(['a']).collect();
        let texts: Vec<String> = letters
            .iter()
            .flat_map(|a| {
                letters.iter().flat_map(|b| letters.iter().map(|c| String::from_iter([*a, *b, *c])))
            })
            .collect();
        for whole in &texts {
            assert!(!text(whole).contains('\0'));
            assert_eq!(undone(text(whole)), *whole);
            for part in texts
                .iter()
                .flat_map(|t| [t.clone(), t.chars().take(2).collect(), t.chars().take(1).collect()])
            {
                assert_eq!(
                    text(whole).contains(&text(&part)),
                    whole.contains(&part),
                    "{part:?} in {whole:?}"
                );
            }
        }
    }
}
