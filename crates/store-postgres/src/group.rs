//! How many findings of each kind.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use finding::FindingResource;
use finding_filter::{Field, Part, Step};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, ValueRef};
use store::sql::Dialect;
use store::{
    GroupField, GroupPage, GroupQuery, Groups, ListQuery, PATIENCE_SECONDS, PageSize, StateChange,
    StoreError, default_of, sql,
};

use crate::{escape, failure, filter, past, present};

pub(crate) async fn page(
    connection: &mut PgConnection,
    subject: &str,
    query: &GroupQuery,
) -> Result<GroupPage, StoreError> {
    let skipped = query.skipped()?;
    let by_one = query.compared.is_some() || !sql::is_exact(&query.filter);
    let groups = if by_one {
        each(connection, subject, query).await?
    } else {
        counted(connection, subject, query).await?
    };
    Ok(groups.page(query, skipped))
}

/// By the database.
async fn counted(
    connection: &mut PgConnection,
    subject: &str,
    query: &GroupQuery,
) -> Result<Groups, StoreError> {
    let fields: Vec<&Field> = query
        .by
        .iter()
        .filter_map(|by| match by {
            GroupField::Field(field) => Some(field),
            GroupField::StateChange => None,
        })
        .collect();
    let is_tallied = query.at.is_none()
        && sql::is_tallied(&query.filter)
        && fields.iter().all(|field| sql::tally_column(field).is_some());
    let mut sql = QueryBuilder::<Postgres>::new("SELECT ");
    sql.push(if is_tallied { "CAST(sum(findings) AS BIGINT)" } else { "count(*)" });
    for field in &fields {
        sql.push(", ").push(value(field));
    }
    sql.push(" FROM ");
    if is_tallied {
        sql.push("tallies");
    } else {
        filter::push(&mut sql, sql::rows(Dialect::Postgres, query.at));
    }
    sql.push(" AS listed WHERE ");
    filter::push(&mut sql, sql::under(Dialect::Postgres, &query.parent));
    filter::condition(&mut sql, &query.filter);
    sql.push(" GROUP BY ");
    for at in 0..fields.len() {
        sql.push(if at > 0 { ", " } else { "" }).push((at + 2).to_string());
    }
    let failed = |e| failure::postgres("read", subject, e);
    let mut groups = Groups::default();
    // one by one: together, the values of all groups could be too many to hold
    let mut rows = sql.build().fetch(connection);
    while let Some(row) = past::next(&mut rows).await.map_err(failed)? {
        let count: i64 = row.try_get(0).map_err(failed)?;
        let mut properties = BTreeMap::new();
        for (at, field) in fields.iter().enumerate() {
            properties.insert(field.name.clone(), read(&row, at + 1, field).map_err(failed)?);
        }
        groups.add(properties, u64::try_from(count).unwrap_or_default(), subject)?;
    }
    Ok(groups)
}

/// A column where there is one, else what the document says there, as JSON.
fn value(field: &Field) -> String {
    if let Some((column, _)) = sql::tally_column(field) {
        return column.to_owned();
    }
    let root = match field.part {
        Part::Resource => "resource",
        Part::Finding | Part::Element => "finding",
    };
    // a key is a word of the filter language: never a quote
    let path = field.path.iter().fold(root.to_owned(), |path, step| match step {
        Step::Key(key) => format!("{path},\"{key}\""),
        Step::Each => path,
    });
    format!("(document #> '{{{path}}}')::text COLLATE \"C\"")
}

fn read(row: &PgRow, at: usize, field: &Field) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(default_of(field));
    }
    let column = sql::tally_column(field);
    if let Some((_, Some(names))) = column {
        let number: i64 = row.try_get(at)?;
        let name = usize::try_from(number).ok().and_then(|number| names.get(number));
        return Ok(name.map_or(Value::from(number), |name| Value::from(*name)));
    }
    let text: String = row.try_get(at)?;
    if column.is_some() {
        return Ok(Value::String(escape::undone(text)));
    }
    Ok(escape::parsed(&text).unwrap_or(Value::String(text)))
}

/// One by one, where the database alone cannot tell.
async fn each(
    connection: &mut PgConnection,
    subject: &str,
    query: &GroupQuery,
) -> Result<Groups, StoreError> {
    let mut list_query = ListQuery::new(query.parent.clone());
    list_query.filter = query.filter.clone();
    (list_query.at, list_query.compared) = (query.at, query.compared);
    list_query.page_size = PageSize::MAX;
    let mut groups = Groups::default();
    let mut add = |item: &FindingResource, change| {
        let json = serde_json::to_value(item).unwrap_or_default();
        let properties = query.by.iter().map(|by| (by.name().to_owned(), by.of(&json, change)));
        groups.add(properties.collect(), 1, subject)
    };
    if query.at.is_some() || query.compared.is_some() {
        past::each(connection, subject, &list_query, |listed| {
            let shown = listed.shown(&list_query);
            let (item, change) = shown.map_err(|e| failure::document(subject, &listed.name, &e))?;
            add(&item, change)
        })
        .await?;
        return Ok(groups);
    }
    let deadline = Instant::now() + Duration::from_secs(PATIENCE_SECONDS);
    loop {
        let page = present::part(&mut *connection, subject, &list_query).await?;
        page.results.iter().try_for_each(|item| add(item, StateChange::Unused))?;
        match page.next_page_token {
            Some(_) if Instant::now() > deadline => {
                return Err(StoreError::took_too_long(subject.to_owned()));
            }
            Some(token) => list_query.page_token = Some(token),
            None => return Ok(groups),
        }
    }
}
