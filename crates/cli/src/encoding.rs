//! JSON and YAML for a terminal: the same values as on the wire, hostile characters as escapes.

use crate::inert::is_harmless;
use serde_json::Value;
use std::fmt::Write as _;

/// JSON, indented. What a terminal would obey is written `\uXXXX`, which reads back as the same value.
pub(crate) fn json(value: &Value) -> String {
    escaped(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// The same on one line.
pub(crate) fn json_line(value: &Value) -> String {
    escaped(&value.to_string())
}

fn escaped(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        // a raw line break is indentation: inside a string it is escaped already
        if c == '\n' || is_harmless(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// YAML, in blocks; every text is quoted, so that none can be taken for something else.
pub(crate) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

fn block(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (at, (key, value)) in fields.iter().enumerate() {
                if at > 0 {
                    indent(out, depth);
                }
                key_name(out, key);
                out.push(':');
                child(out, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    indent(out, depth);
                }
                out.push_str("- ");
                block(out, item, depth + 1);
            }
        }
        scalar => {
            write_scalar(out, scalar);
            out.push('\n');
        }
    }
}

/// A value behind its key: a scalar on the same line, a block below it.
fn child(out: &mut String, value: &Value, depth: usize) {
    let nested = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        indent(out, depth);
    } else {
        out.push(' ');
    }
    block(out, value, depth);
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn key_name(out: &mut String, key: &str) {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&&*key.to_ascii_lowercase());
    if plain { out.push_str(key) } else { quoted(out, key) }
}

fn write_scalar(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => quoted(out, text),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_harmless(c) => out.push(c),
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{json, yaml};
    use serde_json::{Value, json as value};

    fn hostile() -> Value {
        value!({
            "args": ["\u{1b}[2J", "a\u{202e}b", "line\nbreak\ttab \"quote\" \\ \u{7f}\u{9b}", "no", "1.0", "- x: y", ""],
            "on": true, "a b: c": {"empty": {}, "list": [], "deep": [[1, 2], {"k": null, "n": -3.5}]},
            "\u{202e}key": "emoji \u{1f600} é",
        })
    }

    #[test]
    fn both_forms_read_back_as_the_same_value() {
        assert_eq!(serde_json::from_str::<Value>(&json(&hostile())).unwrap(), hostile());
        let read: Value = serde_saphyr::from_str(&yaml(&hostile())).unwrap();
        assert_eq!(read, hostile(), "{}", yaml(&hostile()));
    }

    #[test]
    fn neither_form_holds_what_a_terminal_obeys() {
        for text in [json(&hostile()), yaml(&hostile())] {
            assert!(text.chars().all(|c| c == '\n' || crate::inert::is_harmless(c)), "{text:?}");
        }
    }
}
