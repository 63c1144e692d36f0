//! Strings that tell a program's family, and one pass that counts which of them a file holds.
//!
//! The strings are kept masked. In plain they would make this very program, which carries them all, look like every
//! one of the families.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::families::FAMILIES;

const MASK: u8 = 0xA5;

/// Masks a string while compiling, so that only the masked bytes reach the binary.
pub(super) const fn masked<const N: usize>(plain: &str) -> [u8; N] {
    let plain = plain.as_bytes();
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = plain[at] ^ MASK;
        at += 1;
    }
    bytes
}

/// How a string lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As a C string: a zero byte follows. Prose, scripts and the literals of most other languages lack it.
    Terminated,
    /// Anywhere in a longer string.
    Within,
    /// As characters of four bytes (`wchar_t`).
    Wide,
}

/// Strings of which so many must be there.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) form: Form,
    /// How many of the strings must be there.
    pub(super) need: usize,
    /// The strings, masked.
    pub(super) masked: &'static [&'static [u8]],
}

/// Writes a [`Group`]; its strings are in plain in the source only.
macro_rules! group {
    ($form:ident, $need:literal of $($plain:literal),+ $(,)?) => {
        $crate::executable::signature::Group {
            form: $crate::executable::signature::Form::$form,
            need: $need,
            masked: &[$({
                const BYTES: [u8; $plain.len()] = $crate::executable::signature::masked($plain);
                &BYTES
            }),+],
        }
    };
}
pub(super) use group;

/// Which strings of which group of which family a file holds.
pub(super) struct Found(Vec<bool>);

struct Searcher {
    automaton: AhoCorasick,
    /// For each family, for each group: the range of its patterns.
    groups: Vec<Vec<std::ops::Range<usize>>>,
}

fn pattern(form: Form, masked: &[u8]) -> Vec<u8> {
    let plain = masked.iter().map(|b| b ^ MASK);
    match form {
        Form::Terminated => plain.chain([0]).collect(),
        Form::Within => plain.collect(),
        Form::Wide => plain.flat_map(|b| [b, 0, 0, 0]).collect(),
    }
}

static SEARCHER: LazyLock<Searcher> = LazyLock::new(|| {
    let mut patterns = Vec::new();
    let mut groups = Vec::new();
    for family in FAMILIES {
        let mut ranges = Vec::new();
        for group in family.groups {
            let start = patterns.len();
            patterns.extend(group.masked.iter().map(|m| pattern(group.form, m)));
            ranges.push(start..patterns.len());
        }
        groups.push(ranges);
    }
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&patterns)
        .expect("the patterns are few and short");
    Searcher { automaton, groups }
});

/// Looks for all strings of all families in one pass.
pub(super) fn search<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Found {
    let mut found = vec![false; SEARCHER.automaton.patterns_len()];
    for part in parts {
        for hit in SEARCHER.automaton.find_overlapping_iter(part) {
            found[hit.pattern().as_usize()] = true;
        }
    }
    Found(found)
}

impl Found {
    /// Whether every group of the family has as many strings as it needs.
    pub(super) fn agrees(&self, family: usize) -> bool {
        let (groups, ranges) = (FAMILIES[family].groups, &SEARCHER.groups[family]);
        groups
            .iter()
            .zip(ranges)
            .all(|(group, range)| self.0[range.clone()].iter().filter(|hit| **hit).count() >= group.need)
    }
}

/// The patterns in plain.
#[cfg(test)]
pub(super) fn plain_patterns() -> Vec<Vec<u8>> {
    let groups = FAMILIES.iter().flat_map(|family| family.groups);
    groups.flat_map(|group| group.masked.iter().map(|m| pattern(group.form, m))).collect()
}

/// The patterns of one family in plain, without the zero that ends them.
#[cfg(test)]
pub(super) fn plain_of(family: &super::families::Family) -> Vec<Vec<u8>> {
    let terminated = |form: Form| if form == Form::Terminated { Form::Within } else { form };
    let groups = family.groups.iter();
    groups.flat_map(|group| group.masked.iter().map(|m| pattern(terminated(group.form), m))).collect()
}
