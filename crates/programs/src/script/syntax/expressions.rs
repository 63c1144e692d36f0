//! Arithmetic and conditions: what they hold matters only as far as the shell expands it.

use super::{Node, Parser, Redirect, Word};

impl Parser<'_> {
    /// Where `((…))` ends; nothing where the brackets are a group within a group.
    pub(super) fn arithmetic(&self) -> Option<usize> {
        if !self.starts(b"((") {
            return None;
        }
        let mut open = 0usize;
        for (at, byte) in self.text.iter().enumerate().skip(self.at) {
            match byte {
                b'(' => open += 1,
                b')' if open == 2 => return (self.text.get(at + 1) == Some(&b')')).then_some(at + 2),
                b')' => open -= 1,
                _ => {}
            }
        }
        None
    }

    /// The names between here and there, with a `$` or without: in arithmetic both stand for a variable's value.
    pub(super) fn names(&self, end: usize) -> Vec<Vec<u8>> {
        let inside = &self.text[self.at.min(end)..end];
        let words = inside.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
        words.filter(|w| w.first().is_some_and(|b| !b.is_ascii_digit())).map(<[u8]>::to_vec).collect()
    }

    /// `[[ … ]]`.
    pub(super) fn test(&mut self) -> Node {
        self.at += 2;
        let mut words = Vec::new();
        while self.at < self.text.len() {
            self.blanks();
            if self.keyword(&[b"]]"]).is_some() {
                self.at += 2;
                break;
            }
            let before = self.at;
            let word = if self.peek() == Some(b'(') { Word::default() } else { self.word() };
            if self.at == before {
                self.at += 1;
            } else {
                words.push(word);
            }
        }
        Node::Test { words }
    }

    /// `{name}<file`: the shell chooses the descriptor.
    pub(super) fn named_redirect(&mut self) -> Option<Redirect> {
        let rest = &self.text[self.at..];
        let length = rest.iter().skip(1).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let after = rest.get(1 + length..)?;
        if length == 0 || after.first() != Some(&b'}') || !matches!(after.get(1), Some(b'<' | b'>')) {
            return None;
        }
        let name = rest[1..=length].to_vec();
        let start = self.at;
        self.at += length + 2;
        match self.redirect() {
            Some(redirect) => Some(Redirect { variable: Some(name), ..redirect }),
            None => {
                self.at = start;
                None
            }
        }
    }
}
