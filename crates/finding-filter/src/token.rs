//! Text into tokens.

use crate::FilterError;
use crate::tree::Operator;

/// A token and where it begins, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) at: usize,
    pub(crate) kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// A name, a keyword or an unquoted value.
    Word(String),
    /// A text in quotes, without them.
    Quoted(String),
    Integer(i64),
    Operator(Operator),
    Open,
    Close,
    Comma,
    Minus,
    /// `*`, which stands for any value.
    Star,
    End,
}

impl TokenKind {
    /// For a reader; long texts are cut.
    pub(crate) fn describe(&self) -> String {
        let short = |text: &str| {
            let cut: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            if text.chars().count() > 40 { format!("{cut}…") } else { cut }
        };
        match self {
            Self::Word(word) => short(word),
            Self::Quoted(text) => format!("the text \"{}\"", short(text)),
            Self::Integer(number) => number.to_string(),
            Self::Operator(operator) => operator.sign().to_owned(),
            Self::Open => "(".into(),
            Self::Close => ")".into(),
            Self::Comma => ",".into(),
            Self::Minus => "-".into(),
            Self::Star => "*".into(),
            Self::End => "the end".into(),
        }
    }
}

/// All tokens; the last is [`TokenKind::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        let kind = match first {
            _ if first.is_whitespace() => continue,
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            ',' => TokenKind::Comma,
            '*' => TokenKind::Star,
            '=' => TokenKind::Operator(Operator::Equal),
            ':' => TokenKind::Operator(Operator::Has),
            '<' | '>' => {
                let equal = rest.next_if(|(_, next)| *next == '=').is_some();
                TokenKind::Operator(match (first, equal) {
                    ('<', false) => Operator::Less,
                    ('<', true) => Operator::LessOrEqual,
                    (_, false) => Operator::Greater,
                    (_, true) => Operator::GreaterOrEqual,
                })
            }
            '-' if !rest.peek().is_some_and(|(_, next)| next.is_ascii_digit()) => TokenKind::Minus,
            '"' | '\'' => TokenKind::Quoted(quoted(text, at, first, &mut rest)?),
            _ if is_word(first) || first == '-' => {
                let mut word = String::from(first);
                while let Some((_, next)) = rest.next_if(|(_, next)| is_word(*next) || *next == '-') {
                    word.push(next);
                }
                word_or_number(text, at, word)?
            }
            '!' => {
                let found = if rest.peek().is_some_and(|(_, next)| *next == '=') { "!=" } else { "!" };
                return Err(FilterError::new(text, at, "NOT or - before a comparison", found));
            }
            other => {
                let found = other.escape_debug().to_string();
                return Err(FilterError::new(text, at, "a field, a value or an operator", found));
            }
        };
        found.push(Token { at, kind });
    }
    found.push(Token { at: text.len(), kind: TokenKind::End });
    Ok(found)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '@' | '%')
}

fn word_or_number(text: &str, at: usize, word: String) -> Result<TokenKind, FilterError> {
    let digits = word.strip_prefix('-').unwrap_or(&word);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = word.parse().map_err(|_| {
            FilterError::new(
                text,
                at,
                "a whole number of at most 63 bits",
                word.chars().take(40).collect::<String>(),
            )
        })?;
        return Ok(TokenKind::Integer(number));
    }
    Ok(TokenKind::Word(word))
}

fn quoted(
    text: &str,
    at: usize,
    quote: char,
    rest: &mut impl Iterator<Item = (usize, char)>,
) -> Result<String, FilterError> {
    let mut value = String::new();
    while let Some((_, next)) = rest.next() {
        match next {
            _ if next == quote => return Ok(value),
            '\\' => match rest.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            _ => value.push(next),
        }
    }
    Err(FilterError::new(text, at, format!("a closing {quote} for the text that begins here"), "the end"))
}
