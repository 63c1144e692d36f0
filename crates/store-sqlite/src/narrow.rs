//! Where a question begins to look, so that it looks at few findings however many there are.

use std::path::Path;

use finding_filter::{Comparison, Filter, Literal, Node, Operator, Part, Step};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use store::{Direction, Key, ListQuery, OrderField, StoreError, sql};

use crate::{failure, filter, list};

/// Values with no more findings than this are looked at whole.
const FEW: i64 = 500;

/// Findings looked at for one page whose columns alone tell whether they match: about what takes 20 ms.
const BY_COLUMNS: i64 = 5_000;

/// Findings looked at for one page whose documents must be read.
const BY_DOCUMENTS: i64 = 1_000;

const DAY: i64 = 86_400_000_000_000;

/// From one moment to another, both included.
type Span = (i64, i64);

const ALWAYS: Span = (i64::MIN, i64::MAX);

/// A value that all matches have in columns with an index which leads on to the time of creation.
#[derive(Clone)]
struct Value {
    condition: &'static str,
    texts: Vec<String>,
}

enum Way {
    /// All findings that have a value.
    Few(Value),
    /// Findings that have a value, the newest first.
    Value(Value),
    /// All findings, in the order of the list.
    Order,
}

/// The way through the findings.
pub(crate) struct Narrow {
    way: Way,
    happened: Span,
    created: Span,
    by_columns: bool,
}

/// What to look at: what stands behind a position, this many. To leave some out is the outer query's part: asked for one row
/// far behind, SQLite sorts the whole table instead of following the index.
#[derive(Clone, Copy)]
pub(crate) struct Stretch<'a> {
    pub(crate) behind: Option<&'a [Key]>,
    pub(crate) limit: i64,
}

impl Narrow {
    /// `None` when nothing can match.
    pub(crate) async fn of(
        connection: &mut SqliteConnection,
        path: &Path,
        query: &ListQuery,
    ) -> Result<Option<Self>, StoreError> {
        let failed = |e| failure::sqlite("read", path, e);
        let mut happened = span(&query.filter, "eventTime");
        if let Some(range) = query.happened {
            happened = both(happened, (range.from.nanos(), range.until.nanos().saturating_sub(1)));
        }
        let mut created = span(&query.filter, "createTime");
        if happened != ALWAYS {
            let sql = "SELECT min(earliest), max(latest) FROM finding_days WHERE day BETWEEN ?1 AND ?2";
            let (earliest, latest): (Option<i64>, Option<i64>) = sqlx::query_as(sql)
                .bind(happened.0 / DAY)
                .bind(happened.1 / DAY)
                .fetch_one(&mut *connection)
                .await
                .map_err(failed)?;
            let (Some(earliest), Some(latest)) = (earliest, latest) else { return Ok(None) };
            created = both(created, (earliest, latest));
        }
        let mut way = Way::Order;
        let mut sparsest = i64::MAX;
        let newest_first = is_newest_first(query);
        for value in values(&query.filter) {
            // of two values with many findings, the one whose findings reach further back has fewer
            let mut sql = QueryBuilder::new("SELECT create_time FROM findings WHERE ");
            value.condition(&mut sql);
            sql.push(" ORDER BY create_time DESC LIMIT 1 OFFSET ").push_bind(FEW);
            let reach: Option<i64> =
                sql.build_query_scalar().fetch_optional(&mut *connection).await.map_err(failed)?;
            match reach {
                None => {
                    way = Way::Few(value);
                    break;
                }
                Some(reach) if newest_first && reach < sparsest => {
                    sparsest = reach;
                    way = Way::Value(value);
                }
                Some(_) => {}
            }
        }
        let by_columns = query.filter.root().is_none_or(is_in_columns);
        Ok(Some(Self { way, happened, created, by_columns }))
    }

    /// How many findings are looked at for one page at most; `None` for all that there are, because they are few.
    pub(crate) fn bound(&self) -> Option<i64> {
        match self.way {
            Way::Few(_) => None,
            Way::Value(_) | Way::Order => Some(if self.by_columns { BY_COLUMNS } else { BY_DOCUMENTS }),
        }
    }

    /// What stands behind `FROM`: the findings of a stretch, matching or not.
    pub(crate) fn rows(&self, sql: &mut QueryBuilder<Sqlite>, query: &ListQuery, stretch: Stretch<'_>) {
        let Stretch { behind, limit } = stretch;
        sql.push("(SELECT * FROM findings WHERE ");
        list::under(sql, &query.parent);
        match &self.way {
            Way::Few(value) | Way::Value(value) => {
                sql.push(" AND ");
                value.condition(sql);
                within(sql, "create_time", self.created);
            }
            Way::Order => {
                // a bound on another field than the first would have to be looked for
                let first = query.order_by.fields().first().map(|(field, _)| *field);
                if first != Some(OrderField::EventTime) {
                    within(sql, "create_time", self.created);
                }
                if first != Some(OrderField::CreateTime) {
                    within(sql, "event_time", self.happened);
                }
            }
        }
        if let Some(behind) = behind {
            sql.push(" AND ");
            filter::push(sql, sql::behind(&query.order_by, behind));
        }
        if !matches!(self.way, Way::Few(_)) {
            filter::push(sql, sql::order(&query.order_by));
        }
        sql.push(" LIMIT ").push_bind(limit).push(") AS findings");
    }
}

impl Value {
    fn condition(&self, sql: &mut QueryBuilder<Sqlite>) {
        let mut pieces = self.condition.split('?');
        sql.push(pieces.next().unwrap_or_default());
        for (piece, text) in pieces.zip(&self.texts) {
            sql.push_bind(text.clone()).push(piece);
        }
    }
}

/// The values that everything which matches has.
fn values(filter: &Filter) -> Vec<Value> {
    let mut texts = Vec::new();
    if let Some(root) = filter.root() {
        equal(root, &mut texts);
    }
    let of = |path: &[&str]| {
        let is_it = |(steps, _): &&(Vec<&str>, &str)| steps.as_slice() == path;
        texts.iter().find(is_it).map(|(_, text)| (*text).to_owned())
    };
    let mut values = Vec::new();
    let pod = (of(&["sourceProperties", "Pod_Namespace"]), of(&["sourceProperties", "Pod_Name"]));
    if let (Some(namespace), Some(name)) = pod {
        let condition = "pod_name <> '' AND pod_namespace = ? AND pod_name = ?";
        values.push(Value { condition, texts: vec![namespace, name] });
    }
    for (path, condition) in [
        (&["sourceProperties", "Container_Id"][..], "container_id <> '' AND container_id = ?"),
        (&["resourceName"], "resource_name = ?"),
        (&["category"], "category = ?"),
    ] {
        values.extend(of(path).map(|text| Value { condition, texts: vec![text] }));
    }
    values
}

/// The texts that fields must be equal to, with the ways to the fields.
fn equal<'a>(node: &'a Node, texts: &mut Vec<(Vec<&'a str>, &'a str)>) {
    match node {
        Node::And(parts) => parts.iter().for_each(|part| equal(part, texts)),
        Node::Compare(Comparison { field, operator: Operator::Equal, value: Literal::Text(text) })
            if field.part == Part::Finding && !text.is_empty() =>
        {
            let key = |step: &'a Step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Each => None,
            };
            if let Some(path) = field.path.iter().map(key).collect() {
                texts.push((path, text));
            }
        }
        _ => {}
    }
}

/// Whether columns alone tell what matches.
fn is_in_columns(node: &Node) -> bool {
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().all(is_in_columns),
        Node::Not(inner) => is_in_columns(inner),
        Node::Compare(comparison) => {
            let is_time = matches!(comparison.value, Literal::Time(_));
            let times = ["event_time", "create_time"];
            is_time && times.contains(&comparison.field.name.as_str())
                || filter::tally_column(&comparison.field).is_some()
        }
        Node::Exists(_) | Node::Contains { .. } | Node::InIpRange { .. } => false,
    }
}

fn is_newest_first(query: &ListQuery) -> bool {
    query.order_by.fields()
        == [(OrderField::CreateTime, Direction::Descending), (OrderField::Name, Direction::Ascending)]
}

fn both(one: Span, other: Span) -> Span {
    (one.0.max(other.0), one.1.min(other.1))
}

fn within(sql: &mut QueryBuilder<Sqlite>, column: &str, (from, until): Span) {
    if (from, until) != ALWAYS {
        sql.push(format!(" AND {column} BETWEEN ")).push_bind(from).push(" AND ").push_bind(until);
    }
}

/// The time that everything which matches lies in.
fn span(filter: &Filter, key: &str) -> Span {
    fn collect(node: &Node, key: &str, span: &mut Span) {
        match node {
            Node::And(parts) => parts.iter().for_each(|part| collect(part, key, span)),
            Node::Compare(comparison) => {
                let (Part::Finding, [Step::Key(field)], Literal::Time(time)) =
                    (comparison.field.part, comparison.field.path.as_slice(), &comparison.value)
                else {
                    return;
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
                    *span = both(*span, bound);
                }
            }
            _ => {}
        }
    }
    let mut found = ALWAYS;
    if let Some(root) = filter.root() {
        collect(root, key, &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{ALWAYS, span, values};

    #[test]
    fn what_must_be_equal_leads_to_an_index() {
        let of = |text: &str| -> Vec<Vec<String>> {
            values(&text.parse().unwrap()).into_iter().map(|value| value.texts).collect()
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
