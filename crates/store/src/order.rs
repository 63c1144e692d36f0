//! The order of a list: `event_time desc, name`.

use std::fmt;
use std::str::FromStr;

use finding::FindingResource;

use crate::Key;

/// Declares the fields with their name on the wire and their key.
macro_rules! fields {
    ($( $(#[$meta:meta])* $field:ident = $name:literal | $camel:literal => $key:expr, )*) => {
        /// A field that a list can be ordered by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum OrderField { $( $(#[$meta])* $field, )* }

        impl OrderField {
            /// Name on the wire, and of a backend's column.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$field => $name, )* }
            }

            /// What a finding has there.
            pub fn key(self, item: &FindingResource) -> Key {
                match self { $( Self::$field => { let key: fn(&FindingResource) -> Key = $key; key(item) } )* }
            }

            fn from_name(name: &str) -> Option<Self> {
                $( if name == $name || name == $camel { return Some(Self::$field); } )*
                None
            }
        }

        const KNOWN: &str = concat!($( $name, " " ),*);
    };
}

fn time(time: Option<finding::Timestamp>) -> Key {
    Key::Number(time.map_or(0, finding::Timestamp::nanos))
}

fields! {
    /// Name.
    Name = "name" | "name" => |item| Key::Text(item.finding.name.clone()),
    /// Parent.
    Parent = "parent" | "parent" => |item| Key::Text(item.finding.parent.clone()),
    /// State, by its number.
    State = "state" | "state" => |item| Key::Number(item.finding.state.number().into()),
    /// Category.
    Category = "category" | "category" => |item| Key::Text(item.finding.category.clone()),
    /// Resource name.
    ResourceName = "resource_name" | "resourceName" => |item| Key::Text(item.finding.resource_name.clone()),
    /// Severity, by its number: the worst has the lowest.
    Severity = "severity" | "severity" => |item| Key::Number(item.finding.severity.number().into()),
    /// When it happened.
    EventTime = "event_time" | "eventTime" => |item| time(item.finding.event_time),
    /// When it was first stored.
    CreateTime = "create_time" | "createTime" => |item| time(item.finding.create_time),
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// An order in which no two findings are equal: unless it says something of time or name, the newest of equal ones come
/// first, and the name decides last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy(Vec<(OrderField, Direction)>);

/// Not an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot order by {text:?}; write fields separated by commas, each with \" desc\" or nothing after it: {KNOWN}"
)]
pub struct OrderError {
    /// The part that is wrong.
    pub text: String,
}

impl OrderBy {
    /// The fields, the most significant first; ends with the name.
    pub fn fields(&self) -> &[(OrderField, Direction)] {
        &self.0
    }
}

/// Newest first. By the time of creation, because that never changes: a walk through the pages meets every finding
/// once even while sensors update them.
impl Default for OrderBy {
    fn default() -> Self {
        Self(vec![(OrderField::CreateTime, Direction::Descending), (OrderField::Name, Direction::Ascending)])
    }
}

impl FromStr for OrderBy {
    type Err = OrderError;

    /// The empty text is the default order.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut fields: Vec<(OrderField, Direction)> = Vec::new();
        for part in text.split(',') {
            let wrong = || OrderError { text: part.trim().to_owned() };
            let mut words = part.split_whitespace();
            let field = words.next().and_then(OrderField::from_name).ok_or_else(wrong)?;
            let direction = match words.next() {
                None => Direction::Ascending,
                Some(word) if word.eq_ignore_ascii_case("asc") => Direction::Ascending,
                Some(word) if word.eq_ignore_ascii_case("desc") => Direction::Descending,
                Some(_) => return Err(wrong()),
            };
            if words.next().is_some() || fields.iter().any(|(known, _)| *known == field) {
                return Err(wrong());
            }
            fields.push((field, direction));
        }
        let has = |wanted: &[OrderField]| fields.iter().any(|(field, _)| wanted.contains(field));
        let is_whole = has(&[OrderField::Name]);
        // many findings have the same of everything but their times: the newest of them come first
        if !is_whole && !has(&[OrderField::CreateTime, OrderField::EventTime]) {
            fields.push((OrderField::CreateTime, Direction::Descending));
        }
        if !is_whole {
            fields.push((OrderField::Name, Direction::Ascending));
        }
        Ok(Self(fields))
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (field, direction)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let suffix = if *direction == Direction::Descending { " desc" } else { "" };
            write!(f, "{comma}{}{suffix}", field.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::OrderBy;

    #[test]
    fn read_in_both_spellings_and_always_ending_with_the_name() {
        for (text, expected) in [
            ("", "create_time desc,name"),
            ("eventTime asc", "event_time,name"),
            ("event_time desc , severity", "event_time desc,severity,name"),
            ("severity", "severity,create_time desc,name"),
            ("name desc", "name desc"),
        ] {
            assert_eq!(text.parse::<OrderBy>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_not_an_order_is_refused() {
        for text in
            ["color", "name down", "name desc desc", "name,name", "name;drop table findings", ",", "1"]
        {
            assert!(text.parse::<OrderBy>().is_err(), "{text:?}");
        }
    }
}
