//! Lanes of an order: an order that begins with what has few values is one walk for each of those, one behind the other.
//!
//! So `severity, event_time desc` needs no index of its own for each pair, and nothing is sorted: of each severity, the index
//! by time is followed.

use finding_filter::Filter;

use super::filter::tallied_condition;
use super::listing::by;
use super::{Dialect, Sql};
use crate::{Direction, Key, ListQuery, OrderField};

/// One field of an order.
pub(super) type Step = (OrderField, Direction);

/// Findings that are alike in what the order begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    /// In the order's first fields.
    pub(super) values: Vec<Key>,
    /// The rest of the order.
    pub(super) rest: Vec<Step>,
    /// Where to begin.
    pub(super) behind: Option<Vec<Key>>,
}

impl Lane {
    /// One for all.
    pub(super) fn whole(query: &ListQuery, behind: Option<&[Key]>) -> Self {
        let rest = query.order_by.fields().to_vec();
        Self { values: Vec::new(), rest, behind: behind.map(<[Key]>::to_vec) }
    }

    /// The keys of the whole order of a place in this lane.
    pub(super) fn keys(&self, rest: &[Key]) -> Vec<Key> {
        self.values.iter().chain(rest).cloned().collect()
    }

    /// A place behind everything in this lane.
    pub(super) fn end(&self) -> Vec<Key> {
        let last = |(field, direction): &Step| match (is_text(*field), direction) {
            (false, Direction::Ascending) => Key::Number(i64::MAX),
            (false, Direction::Descending) => Key::Number(i64::MIN),
            (true, Direction::Ascending) => Key::Text(char::MAX.to_string()),
            (true, Direction::Descending) => Key::Text(String::new()),
        };
        self.keys(&self.rest.iter().map(last).collect::<Vec<Key>>())
    }

    /// What all of the lane has, where an index leads on from it in the lane's order.
    pub(super) fn leading(&self, dialect: Dialect, query: &ListQuery) -> Sql {
        let of = |wanted: OrderField| {
            let mut known = query.order_by.fields().iter().zip(&self.values);
            known.find(|((field, _), _)| *field == wanted).map(|(_, key)| key)
        };
        let first = self.rest.first().map(|(field, _)| *field);
        let mut sql = Sql::default();
        match (first, of(OrderField::Category), of(OrderField::Severity)) {
            (Some(OrderField::CreateTime), Some(category), _) => {
                sql.push(" AND ");
                for (at, piece) in dialect.category_is().split('?').enumerate() {
                    if at > 0 {
                        sql.key(category);
                    }
                    sql.push(piece);
                }
            }
            (Some(OrderField::CreateTime | OrderField::EventTime), _, Some(severity)) => {
                sql.push(" AND severity = ").key(severity);
            }
            _ => {}
        }
        sql
    }

    /// What all of the lane has.
    pub(super) fn condition(&self, query: &ListQuery) -> Sql {
        let mut sql = Sql::default();
        for ((field, _), key) in query.order_by.fields().iter().zip(&self.values) {
            sql.push(" AND ").push(field.name()).push(" = ").key(key);
        }
        sql
    }
}

fn is_text(field: OrderField) -> bool {
    use OrderField::{Category, CreateTime, EventTime, Name, Parent, ResourceName, Severity, State};
    match field {
        Name | Parent | Category | ResourceName => true,
        State | Severity | EventTime | CreateTime => false,
    }
}

/// The fields that an order begins with, as far as findings are tallied by them.
pub(super) fn first(query: &ListQuery) -> &[Step] {
    let tallied =
        |(field, _): &&Step| matches!(field, OrderField::Severity | OrderField::State | OrderField::Category);
    let fields = query.order_by.fields();
    &fields[..fields.iter().take_while(tallied).count()]
}

/// What the first fields have, of all that can match, in order.
pub(super) fn values(dialect: Dialect, under: Sql, filter: &Filter, first: &[Step]) -> Sql {
    let columns: Vec<&str> = first.iter().map(|(field, _)| field.name()).collect();
    let mut sql = Sql::default();
    sql.push(format!("SELECT DISTINCT {} FROM tallies WHERE findings <> 0 AND ", columns.join(", ")));
    sql.add(under).add(tallied_condition(dialect, filter)).add(by(first));
    sql
}

/// A lane for each of the values, from where the page before ended.
pub(super) fn lanes(query: &ListQuery, values: Vec<Vec<Key>>, position: Option<&[Key]>) -> Vec<Lane> {
    let first = first(query);
    let rest = &query.order_by.fields()[first.len()..];
    let lane = |values: Vec<Key>, behind| Lane { values, rest: rest.to_vec(), behind };
    let Some((reached, behind)) = position.and_then(|position| position.split_at_checked(first.len())) else {
        return values.into_iter().map(|values| lane(values, None)).collect();
    };
    // a database may sort odd texts differently: where the lane is still there, its place is known without comparing
    let known = values.iter().position(|values| values == reached);
    let is_left = |(at, values): &(usize, Vec<Key>)| match known {
        Some(known) => *at >= known,
        None => is_behind(first, values, reached),
    };
    let rest = values.into_iter().enumerate().filter(is_left);
    rest.map(|(at, values)| lane(values, (known == Some(at)).then(|| behind.to_vec()))).collect()
}

fn is_behind(first: &[Step], values: &[Key], reached: &[Key]) -> bool {
    for ((own, reached), (_, direction)) in values.iter().zip(reached).zip(first) {
        let order = own.cmp(reached);
        let order = if *direction == Direction::Descending { order.reverse() } else { order };
        if order.is_ne() {
            return order.is_gt();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{first, lanes};
    use crate::{Key, ListQuery};

    fn query(order: &str) -> ListQuery {
        let mut query = ListQuery::new("projects/p/sources/-".parse().unwrap());
        query.order_by = order.parse().unwrap();
        query
    }

    #[test]
    fn an_order_falls_into_lanes_as_far_as_findings_are_tallied() {
        for (order, count) in [
            ("", 0),
            ("event_time,severity", 0),
            ("severity", 1),
            ("state,severity desc,event_time,category", 2),
        ] {
            assert_eq!(first(&query(order)).len(), count, "{order}");
        }
    }

    #[test]
    fn a_page_goes_on_in_the_lane_where_the_one_before_ended() {
        let number = |number| Key::Number(number);
        let query = query("severity desc,event_time,name");
        let values = [4, 3, 1].map(|severity| vec![number(severity)]).to_vec();
        let all = lanes(&query, values.clone(), None);
        assert_eq!(all.len(), 3);
        let end = all[1].end();
        let position = [number(3), number(70), Key::Text("n".into())];
        let rest = lanes(&query, values.clone(), Some(&position));
        assert_eq!(
            rest.iter().map(|lane| lane.values[0].clone()).collect::<Vec<_>>(),
            [number(3), number(1)]
        );
        assert_eq!(rest[0].behind.as_deref(), Some(&position[1..]));
        assert_eq!(rest[1].behind, None);
        let rest = lanes(&query, values.clone(), Some(&end));
        let gone = [number(2), number(0), Key::Text("n".into())];
        assert_eq!(lanes(&query, values.clone(), Some(&gone))[0].behind, None);
        assert_eq!(rest[0].behind.as_deref(), Some(&[number(i64::MAX), Key::Text(char::MAX.into())][..]));
    }
}
