//! Walking over arguments in the way of `getopt`.

use event::Text;

/// How an option's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// It takes none: the next letter of the same argument is another option.
    None,
    /// The rest of the argument, or the next argument where nothing is left.
    RestOrNext,
    /// The rest of the argument, which may be empty.
    Rest,
}

/// One step of a walk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// A short option; its value, and the argument that the value is in.
    Short(u8, Option<(&'a [u8], usize)>),
    /// A long option without its dashes, its value if written with `=`.
    Long(&'a [u8], Option<&'a [u8]>),
    /// `--`: only operands follow, the first one is argument number so.
    End(usize),
    /// The first operand is argument number so (a lone `-` is one).
    Operand(usize),
    /// No arguments are left.
    Exhausted,
}

/// A walk over the options of a command.
pub(super) struct Walk<'a, F> {
    argv: &'a [Text],
    at: usize,
    /// Letters of the current argument that are still to be read.
    letters: Option<usize>,
    value_of: F,
}

impl<'a, F: Fn(u8) -> Value> Walk<'a, F> {
    /// Starts after `argv[0]`; `value_of` tells how each short option's value is written.
    pub(super) fn new(argv: &'a [Text], value_of: F) -> Self {
        Self { argv, at: 1, letters: None, value_of }
    }

    /// The next argument as the value of the long option just read.
    pub(super) fn take_value(&mut self) -> Option<(&'a [u8], usize)> {
        let value = self.argv.get(self.at).map(|v| (v.bytes(), self.at));
        self.at += 1;
        value
    }

    /// The next option or where the options end.
    pub(super) fn step(&mut self) -> Step<'a> {
        let Some(argument) = self.argv.get(self.at).map(Text::bytes) else { return Step::Exhausted };
        let Some(position) = self.letters.take() else {
            return self.fresh(argument);
        };
        let letter = argument[position];
        let rest = &argument[position + 1..];
        match (self.value_of)(letter) {
            Value::None => {
                self.letters = (!rest.is_empty()).then_some(position + 1);
                self.at += usize::from(rest.is_empty());
                Step::Short(letter, None)
            }
            Value::RestOrNext if rest.is_empty() => {
                self.at += 1;
                Step::Short(letter, self.take_value())
            }
            Value::RestOrNext | Value::Rest => {
                self.at += 1;
                Step::Short(letter, Some((rest, self.at - 1)))
            }
        }
    }

    fn fresh(&mut self, argument: &'a [u8]) -> Step<'a> {
        match argument {
            b"--" => {
                self.at += 1;
                Step::End(self.at)
            }
            [b'-', b'-', long @ ..] => {
                self.at += 1;
                let (name, value) = match long.iter().position(|b| *b == b'=') {
                    Some(equals) => (&long[..equals], Some(&long[equals + 1..])),
                    None => (long, None),
                };
                Step::Long(name, value)
            }
            [b'-', _, ..] => {
                self.letters = Some(1);
                self.step()
            }
            _ => Step::Operand(self.at),
        }
    }
}
