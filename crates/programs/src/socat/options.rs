//! The options of socat itself, in front of the addresses.

use event::Text;

use super::{Command, Meaning, Piece, Problem, Relation, Wrong};

/// Options with a value, attached or in the next argument.
const WITH_VALUE: [(&[u8], &str); 10] = [
    (b"-lf", "logs to this file"),
    (b"-lp", "calls itself so in its log"),
    (b"-r", "copies what flows to the second address into this file"),
    (b"-R", "copies what flows to the first address into this file"),
    (b"-b", "size of its buffer"),
    (b"-S", "signals that it logs"),
    (b"-t", "seconds to wait for the other side at the end"),
    (b"-T", "ends after so many idle seconds"),
    (b"-L", "ends if this lock is held"),
    (b"-W", "waits for this lock"),
];

const WITHOUT_VALUE: [(&[u8], &str); 14] = [
    (b"-u", "copies from the first address to the second only"),
    (b"-U", "copies from the second address to the first only"),
    (b"-v", "logs the data as text"),
    (b"-x", "logs the data as hexadecimal numbers"),
    (b"-D", "logs its descriptors"),
    (b"-s", "goes on after errors"),
    (b"-g", "lets any option stand in any address"),
    (b"-4", "prefers IPv4"),
    (b"-6", "prefers IPv6"),
    (b"-0", "prefers neither IP version"),
    (b"-ls", "logs to its standard error"),
    (b"-lu", "logs with microseconds"),
    (b"-lh", "logs with the host's name"),
    (b"--experimental", "allows experimental features"),
];

/// Reads the options into the command; returns the first address's index.
pub(super) fn read(argv: &[Text], command: &mut Command) -> usize {
    let mut argument = 1;
    while let Some(text) = argv.get(argument).map(Text::bytes) {
        if !text.starts_with(b"-") || is_stdio(text) {
            break;
        }
        let start = argument;
        let meaning = match text {
            b"-u" => {
                command.relation = Relation::FirstToSecond;
                meaning(&WITHOUT_VALUE, text)
            }
            b"-U" => {
                command.relation = Relation::SecondToFirst;
                meaning(&WITHOUT_VALUE, text)
            }
            [b'-', b'h' | b'?', ..] => {
                command.informational = true;
                Some("prints help and ends")
            }
            b"-V" => {
                command.informational = true;
                Some("prints its version and ends")
            }
            [b'-', b'd', ..] => Some("logs more"),
            [b'-', b'l', b'm' | b'y', ..] => Some("logs to the system log"),
            b"--statistics" => Some("logs statistics at the end"),
            _ => meaning(&WITHOUT_VALUE, text),
        };
        let with_value = WITH_VALUE.iter().find(|(option, _)| text.starts_with(option));
        let meaning = match (meaning, with_value) {
            (Some(meaning), _) => Meaning::Option(meaning),
            (None, Some((option, meaning))) => {
                if text.len() == option.len() {
                    argument += 1;
                    if argument >= argv.len() {
                        let what = Wrong::MissingValue;
                        command.problems.push(Problem { argument: start, at: text.len(), what });
                    }
                }
                Meaning::Option(meaning)
            }
            (None, None) => {
                command.problems.push(Problem { argument, at: 0, what: Wrong::UnknownOption });
                Meaning::UnknownOption
            }
        };
        command.pieces.push(Piece { argument: start, range: 0..text.len(), meaning });
        argument += 1;
    }
    argument.min(argv.len())
}

fn meaning(table: &[(&[u8], &'static str)], option: &[u8]) -> Option<&'static str> {
    table.iter().find(|(name, _)| *name == option).map(|(_, meaning)| *meaning)
}

/// A lone dash, with options or a second half behind it, is the address of standard input and output.
fn is_stdio(text: &[u8]) -> bool {
    matches!(text, b"-") || [b"-,".as_slice(), b"-:", b"-!!"].iter().any(|p| text.starts_with(p))
}
