//! Tokens into a typed tree.
//!
//! ```text
//! filter     = [ all ]
//! all        = any { "AND" any }
//! any        = one { "OR" one }             OR binds tighter
//! one        = ( "-" | "NOT" ) one | "(" all ")" | function | field operator value
//! function   = ( "contains" | "containsOnly" ) "(" list "," all ")" | "inIpRange" "(" field "," text ")"
//! ```

use crate::FilterError;
use crate::fields::{self, Kind, Names, Shape, Unknown};
use crate::token::{Token, TokenKind, tokens};
use crate::tree::{Comparison, Field, Filter, Literal, Network, Node, Operator, Part};
use finding::Timestamp;
use std::str::FromStr;

/// Bytes of a filter at most.
pub const LENGTH_MAX: usize = 32 << 10;
/// Levels of parentheses, negations and functions at most.
pub const DEPTH_MAX: usize = 50;
/// Comparisons at most.
pub const TERMS_MAX: usize = 500;

const FUNCTIONS: [&str; 4] = ["contains", "containsOnly", "contains_only", "inIpRange"];
const NANOS_PER_MILLI: i64 = 1_000_000;

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        if text.len() > LENGTH_MAX {
            let found = format!("{} bytes", text.len());
            return Err(FilterError::new("", 0, format!("a filter of at most {LENGTH_MAX} bytes"), found));
        }
        let mut parser = Parser { text, tokens: tokens(text)?, next: 0, terms: 0 };
        if parser.peek() == &TokenKind::End {
            return Ok(Self::new(text, None));
        }
        let root = parser.all(0, None)?;
        match parser.peek() {
            TokenKind::End => Ok(Self::new(text, Some(root))),
            TokenKind::Word(word) if matches!(word.to_ascii_uppercase().as_str(), "AND" | "OR" | "NOT") => {
                Err(parser.expected(format!("{} in capitals", word.to_ascii_uppercase())))
            }
            _ => Err(parser.expected("AND, OR or the end")),
        }
    }
}

struct Parser<'text> {
    text: &'text str,
    tokens: Vec<Token>,
    next: usize,
    terms: usize,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        // the last token is the end, and nothing goes past it
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &TokenKind {
        &self.token().kind
    }

    fn take(&mut self) -> TokenKind {
        let kind = self.peek().clone();
        self.next += 1;
        kind
    }

    fn take_if(&mut self, kind: &TokenKind) -> bool {
        let is = self.peek() == kind;
        self.next += usize::from(is);
        is
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), TokenKind::Word(found) if found == word)
    }

    fn expected(&self, expected: impl Into<String>) -> FilterError {
        FilterError::new(self.text, self.token().at, expected, self.peek().describe())
    }

    fn all(&mut self, depth: usize, element: Option<&'static Shape>) -> Result<Node, FilterError> {
        self.joined("AND", Node::And, |parser| {
            parser.joined("OR", Node::Or, |parser| parser.one(depth, element))
        })
    }

    fn joined(
        &mut self,
        word: &str,
        join: fn(Vec<Node>) -> Node,
        mut part: impl FnMut(&mut Self) -> Result<Node, FilterError>,
    ) -> Result<Node, FilterError> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.is_word(word) {
            self.next += 1;
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn one(&mut self, depth: usize, element: Option<&'static Shape>) -> Result<Node, FilterError> {
        if depth >= DEPTH_MAX {
            return Err(self.expected(format!("at most {DEPTH_MAX} levels of parentheses and negations")));
        }
        if self.is_word("NOT") || self.peek() == &TokenKind::Minus {
            self.next += 1;
            return Ok(Node::Not(Box::new(self.one(depth + 1, element)?)));
        }
        if self.take_if(&TokenKind::Open) {
            let inner = self.all(depth + 1, element)?;
            if !self.take_if(&TokenKind::Close) {
                return Err(self.expected("AND, OR or a closing )"));
            }
            return Ok(inner);
        }
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(self.expected(format!("at most {TERMS_MAX} comparisons")));
        }
        let behind = self.tokens.get(self.next + 1).map(|token| &token.kind);
        match self.peek() {
            TokenKind::Word(word) if behind == Some(&TokenKind::Open) => {
                if !FUNCTIONS.contains(&word.as_str()) {
                    return Err(self.expected("contains(…), containsOnly(…) or inIpRange(…)"));
                }
                self.function(depth, element)
            }
            TokenKind::Word(_) if matches!(behind, Some(TokenKind::Operator(_))) || element.is_none() => {
                let (field, _) = self.field(element)?;
                self.comparison(field)
            }
            TokenKind::Operator(_) | TokenKind::Quoted(_) | TokenKind::Integer(_) | TokenKind::Word(_)
                if element.is_some() =>
            {
                let shape = element.unwrap_or(&Shape::Any);
                let (field, _) = fields::field_of_element(shape, "").map_err(|why| self.unknown(0, &why))?;
                if matches!(self.peek(), TokenKind::Operator(_)) {
                    return self.comparison(field);
                }
                let operator = Operator::Equal;
                let value = self.value(&field, operator)?;
                Ok(Node::Compare(Comparison { field, operator, value }))
            }
            _ => Err(self.expected("a comparison such as severity=\"HIGH\"")),
        }
    }

    fn field(&mut self, element: Option<&'static Shape>) -> Result<fields::Found, FilterError> {
        let at = self.token().at;
        let TokenKind::Word(name) = self.peek() else { return Err(self.expected("the name of a field")) };
        let found = match element {
            Some(shape) => fields::field_of_element(shape, name),
            None => fields::field(name),
        };
        let found = found.map_err(|why| self.unknown(at, &why))?;
        self.next += 1;
        Ok(found)
    }

    fn unknown(&self, at: usize, why: &Unknown) -> FilterError {
        let at = at + why.at;
        let word: String = match self.peek() {
            TokenKind::Word(word) => word.chars().take(80).collect(),
            other => other.describe(),
        };
        FilterError::new(self.text, at, why.expected.clone(), word)
    }

    fn function(&mut self, depth: usize, element: Option<&'static Shape>) -> Result<Node, FilterError> {
        let TokenKind::Word(name) = self.take() else { return Err(self.expected("a function")) };
        self.next += 1; // the parenthesis, which was seen
        let at = self.next;
        let (field, shape) = self.field(element)?;
        if name != "inIpRange" && !fields::is_list(&field) {
            self.next = at;
            return Err(self.expected("a list, such as connections or containers"));
        }
        if name == "inIpRange" && !matches!(shape, Shape::Address | Shape::Any) {
            self.next = at;
            return Err(self.expected("a field that holds addresses, such as connections.destination_ip"));
        }
        if !self.take_if(&TokenKind::Comma) {
            return Err(self.expected("a comma"));
        }
        let node = if name == "inIpRange" {
            Node::InIpRange { field, network: self.network()? }
        } else {
            let element = Box::new(self.all(depth + 1, Some(shape))?);
            Node::Contains { list: field, element, only: name != "contains" }
        };
        if !self.take_if(&TokenKind::Close) {
            return Err(self.expected("a closing )"));
        }
        Ok(node)
    }

    fn network(&mut self) -> Result<Network, FilterError> {
        let expected = "a network such as \"10.0.0.0/8\" or \"2001:db8::/32\"";
        let TokenKind::Quoted(text) = self.peek() else { return Err(self.expected(expected)) };
        let (address, bits) = text.split_once('/').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
        let network = address.parse::<std::net::IpAddr>().ok().and_then(|address| {
            let whole = if address.is_ipv4() { 32 } else { 128 };
            Network::new(address, bits.map_or(Some(whole), |bits| bits.parse().ok())?)
        });
        let network = network.ok_or_else(|| self.expected(expected))?;
        self.next += 1;
        Ok(network)
    }

    fn comparison(&mut self, field: Field) -> Result<Node, FilterError> {
        let TokenKind::Operator(operator) = *self.peek() else {
            return Err(self.expected("an operator (= : < <= > >=)"));
        };
        let behind = self.tokens.get(self.next + 1).map(|token| &token.kind);
        let is_any = match behind {
            Some(TokenKind::Star) => true,
            Some(TokenKind::Quoted(text)) => text.is_empty(),
            _ => false,
        };
        if operator == Operator::Has && is_any {
            self.next += 2;
            return Ok(Node::Exists(field));
        }
        let allowed = match field.kind {
            Kind::Parts => "a field of it, or : \"\" for whether there is one",
            Kind::Text | Kind::Name(_) if !matches!(operator, Operator::Equal | Operator::Has) => {
                "= or :, since this field is text"
            }
            Kind::Integer | Kind::Time if operator == Operator::Has => {
                "= < <= > >=, or : \"\" for whether there is one"
            }
            Kind::Boolean if operator != Operator::Equal => "=, since this field is true or false",
            _ => "",
        };
        if !allowed.is_empty() {
            return Err(self.expected(allowed));
        }
        self.next += 1;
        let value = self.value(&field, operator)?;
        Ok(Node::Compare(Comparison { field, operator, value }))
    }

    fn value(&mut self, field: &Field, operator: Operator) -> Result<Literal, FilterError> {
        let literal = literal(field.kind, operator, self.peek());
        let literal = literal.map_err(|expected| {
            let of = if field.part == Part::Element && field.name.is_empty() {
                "the element"
            } else {
                &field.name
            };
            self.expected(format!("{expected} for {of}"))
        })?;
        self.next += 1;
        Ok(literal)
    }
}

fn literal(kind: Kind, operator: Operator, token: &TokenKind) -> Result<Literal, String> {
    let text = match token {
        TokenKind::Quoted(text) | TokenKind::Word(text) => Some(text.as_str()),
        _ => None,
    };
    match kind {
        Kind::Text => {
            text.map(|text| Literal::Text(text.to_owned())).ok_or_else(|| "a text in quotes".into())
        }
        Kind::Integer => match token {
            TokenKind::Integer(number) => Ok(Literal::Integer(*number)),
            TokenKind::Quoted(text) => {
                text.parse().map(Literal::Integer).map_err(|_| "a whole number".into())
            }
            _ => Err("a whole number".into()),
        },
        Kind::Boolean => match text {
            Some("true") => Ok(Literal::Boolean(true)),
            Some("false") => Ok(Literal::Boolean(false)),
            _ => Err("true or false".into()),
        },
        Kind::Time => time(token).map(Literal::Time).ok_or_else(|| {
            "a time: RFC 3339 in quotes, such as \"2026-11-23T20:13:52Z\", or milliseconds since 1970".into()
        }),
        Kind::Name(names) => name(names, operator, text),
        Kind::Any => match token {
            TokenKind::Integer(number) => Ok(Literal::Integer(*number)),
            TokenKind::Word(word) if word == "true" || word == "false" => {
                Ok(Literal::Boolean(word == "true"))
            }
            _ => text
                .map(|text| Literal::Text(text.to_owned()))
                .ok_or_else(|| "a text in quotes, a whole number, true or false".into()),
        },
        Kind::Parts => Err("a comparison with one of its fields".into()),
    }
}

fn time(token: &TokenKind) -> Option<Timestamp> {
    match token {
        TokenKind::Integer(millis) => millis.checked_mul(NANOS_PER_MILLI).map(Timestamp::from_nanos),
        TokenKind::Quoted(text) => match text.parse::<i64>() {
            Ok(millis) => millis.checked_mul(NANOS_PER_MILLI).map(Timestamp::from_nanos),
            Err(_) => text.parse().ok(),
        },
        _ => None,
    }
}

fn name(names: Names, operator: Operator, text: Option<&str>) -> Result<Literal, String> {
    let expected = || format!("one of {}", names.join(", "));
    let text = text.ok_or_else(expected)?;
    if operator == Operator::Has {
        return Ok(Literal::Name(names, text.to_owned()));
    }
    let known = names.iter().find(|known| known.eq_ignore_ascii_case(text)).ok_or_else(expected)?;
    Ok(Literal::Name(names, (*known).to_owned()))
}
