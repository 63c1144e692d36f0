//! How proto3 JSON writes messages, enums and 64-bit integers.

/// Whether proto3 JSON leaves the field out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares a proto3 message: public fields, every one optional on the wire and left out when empty.
macro_rules! message {
    ($(#[$meta:meta])* $name:ident { $( $(#[$field_meta:meta])* $field:ident : $type:ty ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct $name {
            $( $(#[$field_meta])* #[serde(skip_serializing_if = "crate::wire::is_default")] pub $field: $type, )*
        }
    };
}

/// Declares a proto3 enum: the first value is the default, written as its name, read from its name or its number.
/// A name or number that this version does not know reads as the default, so that an older reader still opens it.
macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $first:ident = $first_number:literal $first_text:literal,
        $( $(#[$value_meta:meta])* $value:ident = $number:literal $text:literal ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub enum $name {
            /// Not said.
            #[default]
            $first,
            $( $(#[$value_meta])* $value, )*
        }

        impl $name {
            /// Every value, the unspecified one first.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$value),*];

            /// The name of every value, in the same order.
            pub const NAMES: &'static [&'static str] = &[$first_text, $($text),*];

            /// Name on the wire.
            pub const fn name(self) -> &'static str {
                match self { Self::$first => $first_text, $(Self::$value => $text),* }
            }

            /// Number on the wire.
            pub const fn number(self) -> i32 {
                match self { Self::$first => $first_number, $(Self::$value => $number),* }
            }

            /// The value of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }

            /// The value of that number.
            pub fn from_number(number: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| i64::from(value.number()) == number)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(match <crate::wire::NameOrNumber as serde::Deserialize>::deserialize(deserializer)? {
                    crate::wire::NameOrNumber::Name(name) => Self::from_name(&name),
                    crate::wire::NameOrNumber::Number(number) => Self::from_number(number),
                }
                .unwrap_or_default())
            }
        }
    };
}

pub(crate) use {message, wire_enum};

/// What a writer may put where an enum or an int64 stands.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum NameOrNumber {
    /// A name, or an int64 in quotes.
    Name(String),
    /// A number.
    Number(i64),
}

impl NameOrNumber {
    fn int64<E: serde::de::Error>(self) -> Result<i64, E> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Name(text) => {
                text.parse().map_err(|_| E::custom(format!("{text:?} is not a 64-bit integer")))
            }
        }
    }
}

/// An int64: a string when written, a string or a number when read.
pub(crate) mod int64 {
    use super::NameOrNumber;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        NameOrNumber::deserialize(deserializer)?.int64()
    }
}

/// An int64 whose zero means something (`userId` 0 is root), so that it is left out only when it is not known.
pub(crate) mod known_int64 {
    use super::NameOrNumber;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        Option::<NameOrNumber>::deserialize(deserializer)?.map(NameOrNumber::int64).transpose()
    }
}
