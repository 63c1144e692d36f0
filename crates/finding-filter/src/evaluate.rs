//! Whether a finding matches.
//!
//! JSON leaves out what has its default value: a missing text is empty, a missing number 0, a missing name the first of its
//! enumeration, as long as what it is a part of is there.

use crate::fields::Step;
use crate::tree::{Comparison, Field, Filter, Literal, Node, Operator, Part};
use finding::{FindingResource, Timestamp};
use serde_json::Value;
use std::cmp::Ordering;

/// Small letters for the capitals of ASCII, as `:` compares texts; stores do the same.
pub fn lowered(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[derive(Clone, Copy)]
struct Subject<'json> {
    finding: &'json Value,
    resource: &'json Value,
    element: &'json Value,
}

impl Filter {
    /// Whether a finding with its resource matches.
    pub fn matches_item(&self, item: &FindingResource) -> bool {
        // strings, numbers and maps with string keys cannot fail to become JSON
        let json = serde_json::to_value(item).unwrap_or_default();
        self.matches(&json["finding"], &json["resource"])
    }

    /// Whether a finding and its resource, as JSON, match.
    pub fn matches(&self, finding: &Value, resource: &Value) -> bool {
        let subject = Subject { finding, resource, element: &Value::Null };
        self.root().is_none_or(|root| matches(root, subject))
    }
}

fn matches(node: &Node, subject: Subject<'_>) -> bool {
    match node {
        Node::And(parts) => parts.iter().all(|part| matches(part, subject)),
        Node::Or(parts) => parts.iter().any(|part| matches(part, subject)),
        Node::Not(inner) => !matches(inner, subject),
        Node::Compare(comparison) => any(&comparison.field, subject, &mut |value| holds(comparison, value)),
        Node::Exists(field) => any(field, subject, &mut |value| !is_empty(value)),
        Node::Contains { list, element, only } => {
            let mut count = 0_usize;
            let mut all = true;
            let mut look = |value: &Value| {
                count += 1;
                let fits = matches(element, Subject { element: value, ..subject });
                all &= fits;
                fits && !only
            };
            let found = any(list, subject, &mut look);
            if *only { count > 0 && all } else { found }
        }
        Node::InIpRange { field, network } => any(field, subject, &mut |value| {
            value.as_str().and_then(|text| text.parse().ok()).is_some_and(|address| network.holds(address))
        }),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn any(field: &Field, subject: Subject<'_>, look: &mut dyn FnMut(&Value) -> bool) -> bool {
    let start = match field.part {
        Part::Finding => subject.finding,
        Part::Resource => subject.resource,
        Part::Element => subject.element,
    };
    along(start, &field.path, look)
}

fn along(value: &Value, path: &[Step], look: &mut dyn FnMut(&Value) -> bool) -> bool {
    match path.split_first() {
        None => look(value),
        Some((Step::Each, rest)) => {
            value.as_array().is_some_and(|list| list.iter().any(|element| along(element, rest, look)))
        }
        Some((Step::Key(key), rest)) => match value.as_object() {
            Some(parts) => match parts.get(key) {
                Some(part) => along(part, rest, look),
                None if rest.is_empty() => look(&Value::Null),
                None => false,
            },
            None => false,
        },
    }
}

fn holds(comparison: &Comparison, value: &Value) -> bool {
    let operator = comparison.operator;
    match &comparison.value {
        Literal::Text(wanted) => {
            let is_typed = comparison.field.kind == crate::Kind::Text;
            let text = match value {
                Value::String(text) => text.as_str(),
                Value::Null if is_typed => "",
                _ => return false,
            };
            if operator == Operator::Has {
                lowered(text).contains(&lowered(wanted))
            } else {
                ordered(text.cmp(wanted.as_str()), operator)
            }
        }
        Literal::Integer(wanted) => {
            let is_typed = comparison.field.kind == crate::Kind::Integer;
            let number = match value {
                Value::Number(number) => number.as_i64(),
                // as numbers are written: what only could be read as one is a text
                Value::String(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text),
                Value::Null if is_typed => Some(0),
                _ => None,
            };
            match operator {
                Operator::Has => number == Some(*wanted),
                _ => number.is_some_and(|number| ordered(number.cmp(wanted), operator)),
            }
        }
        Literal::Boolean(wanted) => match value {
            Value::Bool(truth) => truth == wanted,
            Value::Null => !wanted && comparison.field.kind == crate::Kind::Boolean,
            _ => false,
        },
        Literal::Time(wanted) => {
            let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
            let time = time.filter(|time| time.nanos() != 0 || !is_dated_by(&comparison.field));
            time.is_some_and(|time| ordered(time.cmp(wanted), operator))
        }
        Literal::Name(names, wanted) => {
            let name = match value {
                Value::String(name) => name.as_str(),
                Value::Null => names.first().copied().unwrap_or_default(),
                _ => return false,
            };
            if operator == Operator::Has { lowered(name).contains(&lowered(wanted)) } else { name == wanted }
        }
    }
}

/// Whether it is one of the times that findings are dated by. The first moment of 1970 is none of these: clocks that were never
/// set say it, and stores keep a time that is not there so.
fn is_dated_by(field: &Field) -> bool {
    let [Step::Key(key)] = field.path.as_slice() else { return false };
    field.part == Part::Finding && ["eventTime", "createTime"].contains(&key.as_str())
}

fn ordered(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Equal | Operator::Has => order.is_eq(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
    }
}
