//! What a filter says of where to look: a value, a time, columns alone.

use finding_filter::{Comparison, Filter, Literal, Node, Operator, Part, Step};

use super::filter::{conjuncts, is_column, tally_column};
use super::{Dialect, Sql};
use crate::ListQuery;

pub(super) const DAY: i64 = 86_400_000_000_000;

/// From one moment to another, both included.
pub(super) type Span = (i64, i64);

pub(super) const ALWAYS: Span = (i64::MIN, i64::MAX);

pub(super) fn both(one: Span, other: Span) -> Span {
    (one.0.max(other.0), one.1.min(other.1))
}

/// A bound on a column; nothing for a span without ends.
pub(super) fn within(column: &str, (from, until): Span) -> Sql {
    let mut sql = Sql::default();
    if (from, until) != ALWAYS {
        sql.push(format!(" AND {column} BETWEEN ")).integer(from).push(" AND ").integer(until);
    }
    sql
}

/// A value that all matches have in columns with an index which leads on to the time of creation.
#[derive(Debug, Clone)]
pub(super) struct Value {
    condition: &'static str,
    texts: Vec<String>,
}

impl Value {
    /// Each `?` of the condition is the text at its place; there may be more of them than texts, which then begin again.
    pub(super) fn condition(&self) -> Sql {
        let mut sql = Sql::default();
        let mut pieces = self.condition.split('?');
        sql.push(pieces.next().unwrap_or_default());
        for (piece, text) in pieces.zip(self.texts.iter().cycle()) {
            sql.text(text.as_str()).push(piece);
        }
        sql
    }
}

/// The values that everything which matches has.
pub(super) fn values(dialect: Dialect, filter: &Filter) -> Vec<Value> {
    let texts: Vec<(Vec<&str>, &str)> = conjuncts(filter).into_iter().filter_map(equal).collect();
    let of = |path: &[&str]| {
        let is_it = |(steps, _): &&(Vec<&str>, &str)| steps.as_slice() == path;
        texts.iter().find(is_it).map(|(_, text)| (*text).to_owned())
    };
    let mut values = Vec::new();
    let pod = (of(&["sourceProperties", "Pod_Namespace"]), of(&["sourceProperties", "Pod_Name"]));
    if let (Some(namespace), Some(name)) = pod {
        let condition = match dialect {
            Dialect::Sqlite => "pod_name <> '' AND pod_namespace = ? AND pod_name = ?",
            Dialect::Postgres => {
                "pod_name <> '' AND hashtextextended(pod_namespace, hashtextextended(pod_name, 0)) \
                 = hashtextextended(?, hashtextextended(?, 0)) AND pod_namespace = ? AND pod_name = ?"
            }
        };
        values.push(Value { condition, texts: vec![namespace, name] });
    }
    let container = match dialect {
        Dialect::Sqlite => "container_id <> '' AND container_id = ?",
        Dialect::Postgres => {
            "hashtextextended(container_id, 0) = hashtextextended(?, 0) AND container_id = ?"
        }
    };
    for (path, condition) in [
        (&["sourceProperties", "Container_Id"][..], container),
        (&["resourceName"], dialect.resource_is()),
        (&["category"], dialect.category_is()),
    ] {
        values.extend(of(path).map(|text| Value { condition, texts: vec![text] }));
    }
    values
}

/// The text that a field must be equal to, with the way to the field.
fn equal(node: &Node) -> Option<(Vec<&str>, &str)> {
    let Node::Compare(Comparison { field, operator: Operator::Equal, value: Literal::Text(text) }) = node
    else {
        return None;
    };
    if field.part != Part::Finding || text.is_empty() {
        return None;
    }
    let path = field.path.iter().map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Each => None,
    });
    Some((path.collect::<Option<_>>()?, text))
}

/// The severity that everything which matches has, by its number.
pub(super) fn severity(filter: &Filter) -> Option<i64> {
    conjuncts(filter).into_iter().find_map(|node| match node {
        Node::Compare(Comparison { field, operator: Operator::Equal, value: Literal::Name(names, name) })
            if tally_column(field).is_some_and(|(column, _)| column == "severity") =>
        {
            names.iter().position(|known| known == name).and_then(|number| i64::try_from(number).ok())
        }
        _ => None,
    })
}

/// Whether columns alone tell what matches.
pub(super) fn is_in_columns(node: &Node) -> bool {
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().all(is_in_columns),
        Node::Not(inner) => is_in_columns(inner),
        Node::Compare(comparison) => {
            let is_time = matches!(comparison.value, Literal::Time(_));
            let times = ["event_time", "create_time"];
            is_time && times.contains(&comparison.field.name.as_str())
                || is_column(comparison) && tally_column(&comparison.field).is_some()
        }
        Node::Exists(_) | Node::Contains { .. } | Node::InIpRange { .. } => false,
    }
}

/// The columns that tell what matches, when they alone do.
pub(super) fn columns(dialect: Dialect, query: &ListQuery) -> Vec<&'static str> {
    fn collect(node: &Node, columns: &mut Vec<&'static str>) {
        match node {
            Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| collect(part, columns)),
            Node::Not(inner) => collect(inner, columns),
            Node::Compare(comparison) => {
                columns.extend(match (tally_column(&comparison.field), comparison.field.name.as_str()) {
                    (Some((column, _)), _) => Some(column),
                    (None, "event_time") => Some("event_time"),
                    (None, "create_time") => Some("create_time"),
                    (None, _) => None,
                });
            }
            Node::Exists(_) | Node::Contains { .. } | Node::InIpRange { .. } => {}
        }
    }
    let mut columns = match dialect {
        Dialect::Sqlite => vec!["place"],
        Dialect::Postgres => vec!["scope", "canonical_scope", "source", "location"],
    };
    columns.extend(query.happened.map(|_| "event_time"));
    if let Some(root) = query.filter.root() {
        collect(root, &mut columns);
    }
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// The time that everything which matches lies in.
pub(super) fn span(filter: &Filter, key: &str) -> Span {
    let mut span = ALWAYS;
    for node in conjuncts(filter) {
        let Node::Compare(comparison) = node else { continue };
        let (Part::Finding, [Step::Key(field)], Literal::Time(time)) =
            (comparison.field.part, comparison.field.path.as_slice(), &comparison.value)
        else {
            continue;
        };
        let time = time.nanos();
        let bound = match comparison.operator {
            Operator::Equal => (time, time),
            Operator::Less => (i64::MIN, time.saturating_sub(1)),
            Operator::LessOrEqual => (i64::MIN, time),
            Operator::Greater => (time.saturating_add(1), i64::MAX),
            Operator::GreaterOrEqual => (time, i64::MAX),
            Operator::Has => ALWAYS,
        };
        if field == key {
            span = both(span, bound);
        }
    }
    span
}

#[cfg(test)]
mod tests {
    use super::{ALWAYS, Dialect, span, values};

    #[test]
    fn what_must_be_equal_leads_to_an_index() {
        let of = |text: &str| -> Vec<Vec<String>> {
            let values = values(Dialect::Sqlite, &text.parse().unwrap());
            values.into_iter().map(|value| value.texts).collect()
        };
        let pod =
            "source_properties.Pod_Name=\"p\" AND source_properties.Pod_Namespace=\"n\" AND category=\"c\"";
        assert_eq!(of(pod), [vec!["n".to_owned(), "p".into()], vec!["c".into()]]);
        for none in
            ["", "category=\"\"", "category:\"a\"", "-category=\"a\"", "category=\"a\" OR state=ACTIVE"]
        {
            assert!(of(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_severity_that_must_be_leads_to_its_lane() {
        let of = |text: &str| super::severity(&text.parse().unwrap());
        assert_eq!(of("state=ACTIVE AND severity=CRITICAL"), Some(1));
        for none in
            ["", "severity:\"crit\"", "-severity=LOW", "severity=LOW OR severity=HIGH", "state=ACTIVE"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn what_must_hold_bounds_the_time_and_nothing_else_does() {
        let of = |text: &str| span(&text.parse().unwrap(), "eventTime");
        assert_eq!(
            of("event_time >= 1000 AND state=ACTIVE AND event_time < 2000"),
            (1_000_000_000, 1_999_999_999)
        );
        assert_eq!(of("event_time = 1000"), (1_000_000_000, 1_000_000_000));
        for none in ["", "create_time > 1000", "-event_time > 1000", "event_time > 1000 OR state=ACTIVE"] {
            assert_eq!(of(none), ALWAYS, "{none}");
        }
    }
}
