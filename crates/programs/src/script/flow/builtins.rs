//! The shell's own commands that move what was read, or execute it.

use super::super::syntax::{Part, Word};
use super::{Descriptors, Flow, Origin, is_network, number};
use crate::invocation::{ScriptSource, script_source};

impl Flow {
    /// `. FILE`; fish's `source` without a file reads standard input.
    pub(super) fn source(&mut self, arguments: &[Word], origins: &[Origin], descriptors: &Descriptors) {
        let Some(word) = arguments.first() else { return self.execute(descriptors.of(0)) };
        let path = self.shown(word);
        if is_network(&path) {
            self.execute(Origin::NETWORK);
        } else if path == b"-" {
            self.execute(descriptors.of(0));
        } else if let ScriptSource::Descriptor(number) = script_source(&path, b"") {
            let origin = self.descriptor(number, descriptors);
            self.execute(origin);
        } else if let Some(origin) = self.files.get(&path).copied() {
            self.execute(origin);
        }
        if word.0.iter().any(|p| matches!(p, Part::Process(_))) {
            self.execute(origins[0]);
        }
    }

    pub(super) fn read(&mut self, name: &[u8], arguments: &[Word], descriptors: &Descriptors) {
        let mut origin = descriptors.of(0);
        let mut names = Vec::new();
        let mut at = 0;
        while let Some(word) = arguments.get(at) {
            let text = self.shown(word);
            at += 1;
            let Some(option) = text.strip_prefix(b"-") else {
                names.push(text);
                continue;
            };
            match option.last() {
                // The value may be attached (`-u3`) or the next word.
                Some(b'u') => {
                    origin = match arguments.get(at) {
                        Some(word) => {
                            let value = self.shown(word);
                            match number(&value) {
                                Some(number) => self.descriptor(number, descriptors),
                                None => self.duplicated(word, &value, descriptors),
                            }
                        }
                        None => descriptors.any(),
                    };
                    at += 1;
                }
                Some(b't' | b'p' | b'i' | b'N' | b'P') if name == b"read" => at += 1,
                Some(b'C' | b'c' | b'O' | b's') if name != b"read" => at += 1,
                Some(b'd' | b'n') => at += 1,
                _ if option.starts_with(b"u") => {
                    origin = match number(&option[1..]) {
                        Some(number) => self.descriptor(number, descriptors),
                        None => descriptors.any(),
                    };
                }
                _ => {}
            }
        }
        // What an unknown program wrote into a pipe is read for certain.
        if origin.may_be_input() && !origin.is_input() {
            origin = origin.certainly();
        }
        if names.is_empty() {
            let default: &[u8] = if name == b"read" { b"REPLY" } else { b"MAPFILE" };
            self.taint(default, origin);
        }
        for name in names {
            // `read -p prompt name?text`: ksh writes the prompt behind the name, bash a subscript.
            let name = name.split(|b| matches!(b, b'?' | b'[')).next().unwrap_or_default().to_vec();
            self.values.constant.remove(&name);
            self.taint(&name, origin);
        }
    }

    /// `set -- VALUES`, `set NAME VALUES` (fish), `set NAME = VALUE` (csh), `export NAME=VALUE`, `declare -n NAME=OTHER`.
    pub(super) fn assign(&mut self, name: &[u8], arguments: &[Word], origins: &[Origin]) {
        let all = origins.iter().fold(Origin::ELSEWHERE, |all, one| all.and(*one));
        if name == b"set" && all.is_input() {
            self.taint_positional(all);
            for word in
                arguments.iter().filter_map(Word::literal).filter(|w| !w.starts_with(b"-") && w != b"=")
            {
                self.taint(&word, all);
            }
        }
        let refers =
            arguments.iter().any(|w| w.literal().is_some_and(|t| t.starts_with(b"-") && t.contains(&b'n')));
        for (word, origin) in arguments.iter().zip(origins) {
            let text = self.shown(word);
            let Some(equals) = text.iter().position(|b| *b == b'=') else { continue };
            let variable = &text[..equals];
            if refers {
                self.values.reference.insert(variable.to_vec(), text[equals + 1..].to_vec());
            } else if origin.is_input() {
                self.taint(variable, *origin);
            } else if !text[equals + 1..].contains(&b'$') && word.literal().is_some() {
                self.values.constant.insert(variable.to_vec(), text[equals + 1..].to_vec());
            }
        }
        if name == b"setenv"
            && let (Some(variable), Some(origin)) =
                (arguments.first().and_then(Word::literal), origins.get(1))
        {
            self.taint(&variable, *origin);
        }
    }

    pub(super) fn taint_positional(&mut self, origin: Origin) {
        for name in [b"@", b"*", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9", b"argv".as_slice()] {
            self.taint(name, origin);
        }
    }

    /// `printf -v NAME …` writes into a variable; everything else writes what it was given.
    pub(super) fn printed(&mut self, arguments: &[Word], origins: &[Origin]) -> Origin {
        let given = origins.iter().fold(Origin::ELSEWHERE, |all, one| all.and(*one));
        if arguments.first().is_some_and(|w| w.literal().as_deref() == Some(b"-v")) {
            if let Some(name) = arguments.get(1) {
                let name = self.shown(name);
                self.taint(&name, given);
            }
            return Origin::ELSEWHERE;
        }
        if given.is_input() { given } else { Origin::ELSEWHERE }
    }

    /// A function of the text, with what it is given.
    pub(super) fn call(
        &mut self,
        name: &[u8],
        arguments: &[Word],
        origins: &[Origin],
        descriptors: &Descriptors,
    ) -> Origin {
        let Some(body) = self.functions.get(name).cloned() else { return Origin::ELSEWHERE };
        let tainted = origins.iter().any(|o| o.is_input());
        if self.calls >= super::CALLS || !self.running.insert(name.to_vec()) {
            return Origin::ELSEWHERE;
        }
        let positional = |n: usize| (n + 1).to_string().into_bytes();
        let before: Vec<_> = (0..9)
            .map(|n| {
                (
                    self.values.tainted.get(&positional(n)).copied(),
                    self.values.constant.get(&positional(n)).cloned(),
                )
            })
            .collect();
        let all = [b"@".to_vec(), b"*".to_vec()].map(|name| (self.values.tainted.get(&name).copied(), name));
        for n in 0..9 {
            self.values.tainted.remove(&positional(n));
            self.values.constant.remove(&positional(n));
            if let (Some(word), Some(origin)) = (arguments.get(n), origins.get(n)) {
                self.store(&positional(n), word, *origin);
            }
        }
        if tainted {
            let given = origins.iter().fold(Origin::ELSEWHERE, |all, one| all.and(*one));
            self.taint(b"@", given);
            self.taint(b"*", given);
        }
        self.calls += 1;
        let written = self.node(&body, &mut descriptors.clone(), true);
        self.calls -= 1;
        self.running.remove(name);
        for (n, (tainted, constant)) in before.into_iter().enumerate() {
            put_back(&mut self.values.tainted, positional(n), tainted);
            put_back(&mut self.values.constant, positional(n), constant);
        }
        for (tainted, name) in all {
            put_back(&mut self.values.tainted, name, tainted);
        }
        written
    }
}

fn put_back<V>(map: &mut std::collections::HashMap<Vec<u8>, V>, name: Vec<u8>, value: Option<V>) {
    match value {
        Some(value) => map.insert(name, value),
        None => map.remove(&name),
    };
}
