//! A filter as SQL over the stored documents.
//!
//! Says of every document what [`finding_filter`] says of it, but for `inIpRange`, which SQL cannot answer: what asks for
//! that is answered with all that could match, and [`is_exact`] says that each must still be looked at.

use finding_filter::{Comparison, Field, Filter, Kind, Literal, Names, Node, Operator, Part, Step, lowered};

use super::{Dialect, Place, Sql};

/// Whether the SQL alone decides.
pub fn is_exact(filter: &Filter) -> bool {
    filter.root().is_none_or(exact)
}

pub(super) fn exact(node: &Node) -> bool {
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().all(exact),
        Node::Not(inner) => exact(inner),
        Node::Contains { element, .. } => exact(element),
        Node::InIpRange { .. } => false,
        Node::Compare(_) | Node::Exists(_) => true,
    }
}

/// Whether the filter asks only for what findings are tallied by, so that tallies answer it as findings would.
pub fn is_tallied(filter: &Filter) -> bool {
    filter.root().is_none_or(tallied)
}

fn tallied(node: &Node) -> bool {
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().all(tallied),
        Node::Not(inner) => tallied(inner),
        Node::Compare(comparison) => is_column(comparison) && tally_column(&comparison.field).is_some(),
        Node::Exists(_) | Node::Contains { .. } | Node::InIpRange { .. } => false,
    }
}

/// The parts of a filter that all must hold.
pub(super) fn conjuncts(filter: &Filter) -> Vec<&Node> {
    fn collect<'a>(node: &'a Node, into: &mut Vec<&'a Node>) {
        match node {
            Node::And(parts) => parts.iter().for_each(|part| collect(part, into)),
            other => into.push(other),
        }
    }
    let mut parts = Vec::new();
    if let Some(root) = filter.root() {
        collect(root, &mut parts);
    }
    parts
}

/// What of a filter tallies can tell, to be added to a condition on tallies.
pub(super) fn tallied_condition(dialect: Dialect, filter: &Filter) -> Sql {
    let mut sql = Sql::default();
    for part in conjuncts(filter).into_iter().filter(|part| tallied(part)) {
        sql.push(" AND ");
        Writer { dialect, properties: &[], sql: &mut sql, lists: 0, joins: 0 }.node(part, true, None);
    }
    sql
}

/// The column of the tallies, when findings are tallied by this field; and the names of its numbers, if it has some.
pub fn tally_column(field: &Field) -> Option<(&'static str, Option<Names>)> {
    let names = match field.kind {
        Kind::Name(names) => Some(names),
        _ => None,
    };
    let column = match (field.part, field.path.as_slice()) {
        (Part::Finding, [Step::Key(key)]) => key.as_str(),
        _ => return None,
    };
    let column = match column {
        "category" => "category",
        "state" => "state",
        "severity" => "severity",
        "mute" => "mute",
        "findingClass" => "finding_class",
        "moduleName" => "module_name",
        _ => return None,
    };
    Some((column, names))
}

/// Whether [`Writer::by_column`] takes it.
pub(super) fn is_column(comparison: &Comparison) -> bool {
    matches!(
        (&comparison.value, comparison.operator),
        (Literal::Text(_), Operator::Equal | Operator::Has) | (Literal::Name(..), Operator::Equal)
    )
}

/// What to add to a condition; nothing for an empty filter. `properties` are source properties with the column of each.
pub fn condition(dialect: Dialect, filter: &Filter, properties: &[(&str, &str)]) -> Sql {
    let mut sql = Sql::default();
    if let Some(root) = filter.root() {
        sql.push(" AND ");
        Writer { dialect, properties, sql: &mut sql, lists: 0, joins: 0 }.node(root, true, None);
    }
    sql
}

struct Writer<'sql> {
    dialect: Dialect,
    properties: &'sql [(&'sql str, &'sql str)],
    sql: &'sql mut Sql,
    /// Lists entered so far; each needs a name of its own.
    lists: usize,
    /// ANDs and ORs around what is being written.
    joins: usize,
}

/// ANDs and ORs within each other that a planner looks through. PostgreSQL takes twice as long for each more, looking for indexes
/// that none of them would be for.
const JOINS_MAX: usize = 4;

impl<'sql> Writer<'sql> {
    /// `wanted` is false within an odd number of negations: what cannot be decided is then left out instead of let in.
    fn node(&mut self, node: &Node, wanted: bool, element: Option<&Place>) {
        match node {
            Node::And(parts) => self.joined(parts, " AND ", wanted, element),
            Node::Or(parts) => self.joined(parts, " OR ", wanted, element),
            Node::Not(inner) => {
                self.sql.push("NOT ");
                self.node(inner, !wanted, element);
            }
            Node::InIpRange { .. } => {
                self.sql.push(if wanted { "true" } else { "false" });
            }
            Node::Exists(field) => self.field(field, element, &mut |writer, place| {
                let exists = writer.dialect.exists(&place);
                writer.sql.push(exists);
            }),
            Node::Contains { list, element: each, only } => {
                if *only {
                    // some element, and none that does not match
                    self.sql.push("(");
                    self.field(list, element, &mut |writer, _| {
                        writer.sql.push("true");
                    });
                    self.sql.push(" AND NOT ");
                    self.field(list, element, &mut |writer, place| {
                        writer.sql.push("NOT ");
                        writer.node(each, wanted, Some(&place));
                    });
                    self.sql.push(")");
                } else {
                    self.field(list, element, &mut |writer, place| writer.node(each, wanted, Some(&place)));
                }
            }
            Node::Compare(comparison) => {
                if !self.by_column(comparison) {
                    self.field(&comparison.field, element, &mut |writer, place| {
                        writer.comparison(comparison, &place);
                    });
                }
            }
        }
    }

    fn joined(&mut self, parts: &[Node], word: &str, wanted: bool, element: Option<&Place>) {
        let is_opaque = self.joins >= JOINS_MAX && self.dialect == Dialect::Postgres;
        self.joins += 1;
        self.sql.push(if is_opaque { "CASE WHEN (" } else { "(" });
        for (at, part) in parts.iter().enumerate() {
            self.sql.push(if at > 0 { word } else { "" });
            self.node(part, wanted, element);
        }
        self.sql.push(if is_opaque { ") THEN true ELSE false END" } else { ")" });
        self.joins -= 1;
    }

    /// What has a column of its own, with an index on some.
    fn by_column(&mut self, comparison: &Comparison) -> bool {
        let Field { part: Part::Finding, path, .. } = &comparison.field else { return false };
        if let (Some(column), Literal::Text(text), Operator::Equal) =
            (self.property_column(path), &comparison.value, comparison.operator)
            && !text.is_empty()
        {
            // said twice, so that an index that leaves out what has none is used
            self.sql.push(format!("({column} <> '' AND {column} = ")).text(text.as_str()).push(")");
            return true;
        }
        let [Step::Key(key)] = path.as_slice() else { return false };
        let column = match key.as_str() {
            "name" => "name",
            "parent" => "parent",
            "category" => "category",
            "resourceName" => "resource_name",
            "state" => "state",
            "severity" => "severity",
            "mute" => "mute",
            "eventTime" => "event_time",
            "createTime" => "create_time",
            "findingClass" => "finding_class",
            "moduleName" => "module_name",
            _ => return false,
        };
        let sign = comparison.operator.sign();
        match (&comparison.value, comparison.operator) {
            (Literal::Text(text), Operator::Equal) => {
                self.sql.push(format!("{column} = ")).text(text.as_str());
            }
            (Literal::Text(text), Operator::Has) => {
                let find = self.dialect.find();
                self.sql.push(format!("{find}(lower({column}), ")).text(lowered(text)).push(") > 0");
            }
            (Literal::Name(names, name), Operator::Equal) => {
                // the model numbers these as it lists them
                let number = names.iter().position(|known| known == name).unwrap_or(usize::MAX);
                self.sql.push(format!("{column} = {}", i64::try_from(number).unwrap_or(i64::MAX)));
            }
            (Literal::Time(time), _) => {
                self.sql.push(format!("({column} <> 0 AND {column} {sign} ")).integer(time.nanos()).push(")");
            }
            _ => return false,
        }
        true
    }

    /// The column of a source property, when it has one.
    fn property_column(&self, path: &[Step]) -> Option<&'sql str> {
        let [Step::Key(properties), Step::Key(key)] = path else { return None };
        let known = |(own, _): &&(&str, &str)| own == key;
        (properties == "sourceProperties")
            .then(|| self.properties.iter().find(known))?
            .map(|(_, column)| *column)
    }

    /// Whether some value of a field fits; of a list, some element.
    fn field(&mut self, field: &Field, element: Option<&Place>, fits: &mut dyn FnMut(&mut Self, Place)) {
        match (field.part, element) {
            (Part::Finding, _) => self.along("document", &["finding"], &field.path, fits),
            (Part::Resource, _) => self.along("document", &["resource"], &field.path, fits),
            (Part::Element, Some(element)) if field.path.is_empty() => fits(self, element.clone()),
            (Part::Element, Some(element)) => self.along(&element.node, &[], &field.path, fits),
            // only `contains` has elements, and gives them
            (Part::Element, None) => {
                self.sql.push("false");
            }
        }
    }

    fn along(&mut self, source: &str, root: &[&str], path: &[Step], fits: &mut dyn FnMut(&mut Self, Place)) {
        let mut keys = root.to_vec();
        let mut after = path;
        while let [Step::Key(key), rest @ ..] = after {
            keys.push(key);
            after = rest;
        }
        if after.is_empty() {
            let mut place = self.dialect.at(source, &keys);
            if !path.is_empty() {
                place.within = keys.split_last().map(|(_, above)| self.dialect.at(source, above).kind);
            }
            fits(self, place);
            return;
        }
        self.lists += 1;
        let (from, element) = self.dialect.elements(source, &keys, &format!("e{}", self.lists));
        self.sql.push(format!("EXISTS (SELECT 1 FROM {from} WHERE "));
        if after.len() == 1 {
            fits(self, element);
        } else {
            self.along(&element.node, &[], &after[1..], fits);
        }
        self.sql.push(")");
    }

    fn comparison(&mut self, comparison: &Comparison, place: &Place) {
        let Place { value, kind, within, .. } = place;
        let text_type = self.dialect.text();
        let sign = comparison.operator.sign();
        let has = comparison.operator == Operator::Has;
        // what JSON leaves out has its default value, as long as what it is a part of is there
        let missing = within.as_ref().map(|within| format!("({kind} IS NULL AND {within} = 'object')"));
        let missing = missing.unwrap_or_else(|| "false".into());
        self.sql.push("coalesce(");
        match &comparison.value {
            Literal::Text(text) => {
                if comparison.field.kind == Kind::Text && !has && text.is_empty() {
                    self.sql.push(format!("{missing} OR "));
                }
                self.sql.push(format!("({kind} = '{text_type}' AND "));
                self.text(value, text, comparison.operator);
                self.sql.push(")");
            }
            Literal::Name(names, name) => {
                let default = names.first().copied().unwrap_or_default();
                let holds = if has { lowered(default).contains(&lowered(name)) } else { default == name };
                if holds {
                    self.sql.push(format!("{missing} OR "));
                }
                self.sql.push(format!("({kind} = '{text_type}' AND "));
                self.text(value, name, comparison.operator);
                self.sql.push(")");
            }
            Literal::Integer(number) => {
                let default = if comparison.field.kind == Kind::Integer { "0" } else { "NULL" };
                let sign = if has { "=" } else { sign };
                let whole = self.dialect.integer(place);
                self.sql.push(format!("CASE WHEN {missing} THEN {default} {whole} END {sign} "));
                self.sql.integer(*number);
            }
            Literal::Boolean(truth) => {
                if comparison.field.kind == Kind::Boolean && !truth {
                    self.sql.push(format!("{missing} OR "));
                }
                let holds = self.dialect.truth(place, *truth);
                self.sql.push(holds);
            }
            Literal::Time(time) => {
                let nanos = self.dialect.nanos(value);
                self.sql.push(format!("({kind} = '{text_type}' AND {nanos} {sign} "));
                self.sql.integer(time.nanos()).push(")");
            }
        }
        self.sql.push(", false)");
    }

    fn text(&mut self, value: &str, text: &str, operator: Operator) {
        if operator == Operator::Has {
            let find = self.dialect.find();
            self.sql.push(format!("{find}(lower({value}), ")).text(lowered(text)).push(") > 0");
        } else {
            self.sql.push(format!("{value} {} ", operator.sign())).text(text);
        }
    }
}
