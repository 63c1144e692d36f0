//! A filter as a typed tree: what a name, an operator and a value mean has been decided.

use crate::fields::{Kind, Names, Step};
use finding::Timestamp;
use std::net::IpAddr;

/// A filter. The empty one matches everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    text: String,
    root: Option<Node>,
}

impl Filter {
    pub(crate) fn new(text: &str, root: Option<Node>) -> Self {
        Self { text: text.to_owned(), root }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree; `None` when it is empty.
    pub fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }
}

/// A part of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// All of them.
    And(Vec<Node>),
    /// Any of them.
    Or(Vec<Node>),
    /// Not that.
    Not(Box<Node>),
    /// `field operator value`.
    Compare(Comparison),
    /// `field : ""` or `field : *`: there is a value.
    Exists(Field),
    /// `contains(list, element)` or `containsOnly(list, element)`: some element matches, or there is one and all do.
    Contains {
        /// The list.
        list: Field,
        /// What an element must be; its fields begin at the element.
        element: Box<Node>,
        /// All of them must.
        only: bool,
    },
    /// `inIpRange(field, "10.0.0.0/8")`.
    InIpRange {
        /// The field.
        field: Field,
        /// The network.
        network: Network,
    },
}

/// `field operator value`. A field that leads through lists matches when any of its values does; one without a value does
/// not match.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The field.
    pub field: Field,
    /// The operator.
    pub operator: Operator,
    /// The value.
    pub value: Literal,
}

/// Where a path of a field begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The finding.
    Finding,
    /// The resource.
    Resource,
    /// The element of the list that `contains` looks through.
    Element,
}

/// A field, known to exist in the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it was written.
    pub name: String,
    /// What it is a part of.
    pub part: Part,
    /// The way to it from there.
    pub path: Vec<Step>,
    /// What its values are.
    pub kind: Kind,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`: the same.
    Equal,
    /// `:`: a part of the text, capitals and small letters of ASCII being the same.
    Has,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Has => ":",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// A value, of the kind that its field has.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A point in time.
    Time(Timestamp),
    /// One of the names of an enumeration; the first is what a missing value stands for.
    Name(Names, String),
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// `None` when the network has fewer bits.
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        (u32::from(bits) <= width(address)).then_some(Self { address, bits })
    }

    /// Its first and its last address, of its own family.
    pub fn bounds(self) -> (IpAddr, IpAddr) {
        let host = u128::MAX.checked_shr(128 - width(self.address) + u32::from(self.bits)).unwrap_or(0);
        let of = |number: u128| match self.address {
            // an address of IPv4 has no more bits than these
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
            IpAddr::V6(_) => IpAddr::V6(number.into()),
        };
        (of(number(self.address) & !host), of(number(self.address) | host))
    }

    /// Whether an address lies in it. IPv4 within IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn holds(self, address: IpAddr) -> bool {
        let (own, other) =
            (self.address, if self.address.is_ipv4() { address.to_canonical() } else { address });
        if own.is_ipv4() != other.is_ipv4() {
            return false;
        }
        let rest = width(own) - u32::from(self.bits);
        rest == width(own) || (number(own) ^ number(other)).checked_shr(rest).unwrap_or(0) == 0
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}
