//! How many findings of each kind.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use finding::FindingResource;
use finding_filter::{Field, Names, Part, Step};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, QueryBuilder, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef};
use store::sql::Dialect;
use store::{
    GroupField, GroupPage, GroupQuery, Groups, ListQuery, PATIENCE_SECONDS, PageSize, StateChange,
    StoreError, default_of, sql,
};

use crate::{failure, filter, past, present};

pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &GroupQuery,
) -> Result<GroupPage, StoreError> {
    let skipped = query.skipped()?;
    let by_one = query.compared.is_some() || !filter::is_exact(&query.filter);
    // groups and their total are of one moment
    let begun = sqlx::Connection::begin(connection).await;
    let mut transaction = begun.map_err(|e| failure::sqlite("read", path, e))?;
    let groups = if by_one {
        each(&mut transaction, path, query).await?
    } else {
        counted(&mut transaction, path, query).await?
    };
    Ok(groups.page(query, skipped))
}

/// By the database.
async fn counted(
    connection: &mut SqliteConnection,
    path: &Path,
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
        && filter::is_tallied(&query.filter)
        && fields.iter().all(|field| filter::tally_column(field).is_some());
    let mut sql = QueryBuilder::<Sqlite>::new("SELECT ");
    sql.push(if is_tallied { "sum(findings)" } else { "count(*)" });
    for field in &fields {
        sql.push(", ").push(value(field));
    }
    sql.push(" FROM ");
    if is_tallied {
        sql.push("tallies");
    } else {
        filter::push(&mut sql, sql::rows(Dialect::Sqlite, query.at));
    }
    sql.push(" WHERE ");
    filter::push(&mut sql, sql::under(Dialect::Sqlite, &query.parent));
    filter::condition(&mut sql, &query.filter);
    sql.push(" GROUP BY ");
    for at in 0..fields.len() {
        sql.push(if at > 0 { ", " } else { "" }).push((at + 2).to_string());
    }
    let failed = |e| failure::sqlite("read", path, e);
    let subject = path.display().to_string();
    let mut groups = Groups::default();
    // one by one: together, the values of all groups could be too many to hold
    let mut rows = sql.build().fetch(connection);
    while let Some(row) = past::next(&mut rows).await.map_err(failed)? {
        let count: i64 = row.try_get(0).map_err(failed)?;
        let mut properties = BTreeMap::new();
        for (at, field) in fields.iter().enumerate() {
            properties.insert(field.name.clone(), read(&row, at + 1, field).map_err(failed)?);
        }
        groups.add(properties, u64::try_from(count).unwrap_or_default(), &subject)?;
    }
    Ok(groups)
}

/// A column where there is one, else what the document says there.
fn value(field: &Field) -> String {
    if let Some((column, _)) = filter::tally_column(field) {
        return column.to_owned();
    }
    let root = match field.part {
        Part::Resource => "$.resource",
        Part::Finding | Part::Element => "$.finding",
    };
    let place = field.path.iter().fold(root.to_owned(), |place, step| match step {
        // a key is a word of the filter language: never a quote
        Step::Key(key) => format!("{place}.\"{key}\""),
        Step::Each => place,
    });
    match (field.part, field.name.as_str()) {
        (Part::Finding, "parent" | "name") => field.name.clone(),
        (Part::Finding, "resource_name") => "resource_name".into(),
        _ => format!("document -> '{place}'"),
    }
}

fn read(row: &SqliteRow, at: usize, field: &Field) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(default_of(field));
    }
    if raw.type_info().name() == "INTEGER" {
        let number: i64 = row.try_get(at)?;
        let names: Option<Names> = filter::tally_column(field).and_then(|(_, names)| names);
        let name = names.and_then(|names| names.get(usize::try_from(number).ok()?));
        return Ok(name.map_or(Value::from(number), |name| Value::from(*name)));
    }
    let text: String = row.try_get(at)?;
    if row.column(at).name().starts_with("document") {
        return Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)));
    }
    Ok(Value::String(text))
}

/// One by one, where the database alone cannot tell.
async fn each(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &GroupQuery,
) -> Result<Groups, StoreError> {
    let subject = path.display().to_string();
    let mut list_query = ListQuery::new(query.parent.clone());
    list_query.filter = query.filter.clone();
    (list_query.at, list_query.compared) = (query.at, query.compared);
    list_query.page_size = PageSize::MAX;
    let mut groups = Groups::default();
    let mut add = |item: &FindingResource, change| {
        let json = serde_json::to_value(item).unwrap_or_default();
        let properties = query.by.iter().map(|by| (by.name().to_owned(), by.of(&json, change)));
        groups.add(properties.collect(), 1, &subject)
    };
    if query.at.is_some() || query.compared.is_some() {
        past::each(connection, path, &list_query, |listed| {
            let shown = listed.shown(&list_query);
            let (item, change) = shown.map_err(|e| failure::document(path, &listed.name, &e))?;
            add(&item, change)
        })
        .await?;
        return Ok(groups);
    }
    let deadline = Instant::now() + Duration::from_secs(PATIENCE_SECONDS);
    loop {
        let page = present::part(&mut *connection, path, &list_query).await?;
        page.results.iter().try_for_each(|item| add(item, StateChange::Unused))?;
        match page.next_page_token {
            Some(_) if Instant::now() > deadline => return Err(StoreError::took_too_long(subject)),
            Some(token) => list_query.page_token = Some(token),
            None => return Ok(groups),
        }
    }
}
