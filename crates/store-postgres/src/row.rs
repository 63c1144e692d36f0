//! What of a finding stands in columns of its own, of many findings at once.

use sqlx::PgConnection;
use store::{StoreError, sql};

use crate::write::Change;
use crate::{escape, failure};

/// Documents of one statement, in bytes: what is written at once is held several times on its way.
const TOGETHER: usize = 8 << 20;

/// The columns in the order of [`WRITE`], each with a value for every row.
#[derive(Default)]
struct Rows {
    months: Vec<i32>,
    texts: [Vec<String>; 14],
    numbers: [Vec<i64>; 8],
    bytes: usize,
}

impl Rows {
    fn push(&mut self, change: &Change<'_>) -> Result<(), StoreError> {
        let Change { name, item, .. } = change;
        let finding = &item.finding;
        let document = sql::document(name, item)?;
        self.bytes += document.len();
        let [scope, canonical_scope, source, location] = sql::place(name, finding);
        let [namespace, pod, container] = sql::properties(finding).map(escape::text);
        let [state, severity, mute, class, event_time, create_time] = sql::numbers(finding);
        let texts = [
            name.to_string(),
            escape::text(&finding.canonical_name),
            scope,
            canonical_scope,
            source,
            location,
            escape::text(&finding.parent),
            escape::text(&finding.category),
            escape::text(&finding.resource_name),
            escape::text(&finding.module_name),
            namespace,
            pod,
            container,
            escape::document(document),
        ];
        let numbers =
            [state, severity, mute, class, event_time, create_time, change.now.nanos(), change.order];
        self.months.push(change.month);
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.push(text));
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
        Ok(())
    }

    async fn write(self, connection: &mut PgConnection, subject: &str) -> Result<(), StoreError> {
        let Self { months, texts, numbers, .. } = self;
        let mut statement = sqlx::query(WRITE).bind(months);
        for column in texts {
            statement = statement.bind(column);
        }
        for column in numbers {
            statement = statement.bind(column);
        }
        let done = statement.execute(connection).await;
        done.map(drop).map_err(|e| failure::postgres("write", subject, e))
    }
}

/// Findings, each of another name.
pub(crate) async fn write(
    connection: &mut PgConnection,
    subject: &str,
    changes: &[Change<'_>],
) -> Result<(), StoreError> {
    let mut rows = Rows::default();
    for change in changes {
        rows.push(change)?;
        if rows.bytes >= TOGETHER {
            std::mem::take(&mut rows).write(&mut *connection, subject).await?;
        }
    }
    if rows.months.is_empty() { Ok(()) } else { rows.write(connection, subject).await }
}

/// The name, its scope, source and location never change.
const WRITE: &str = "
    INSERT INTO findings (month, name, canonical_name, scope, canonical_scope, source, location, parent, category,
        resource_name, module_name, pod_namespace, pod_name, container_id, document, state, severity, mute, finding_class,
        event_time, create_time, update_time, delivered)
    SELECT month, name, canonical_name, scope, canonical_scope, source, location, parent, category,
        resource_name, module_name, pod_namespace, pod_name, container_id, document::json, state, severity, mute,
        finding_class, event_time, create_time, update_time, delivered
    FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[],
        $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[])
        AS come (month, name, canonical_name, scope, canonical_scope, source, location, parent, category, resource_name,
        module_name, pod_namespace, pod_name, container_id, document, state, severity, mute, finding_class, event_time,
        create_time, update_time, delivered)
    ON CONFLICT (month, name) DO UPDATE SET canonical_name = excluded.canonical_name,
        canonical_scope = excluded.canonical_scope, parent = excluded.parent, category = excluded.category,
        resource_name = excluded.resource_name, module_name = excluded.module_name,
        pod_namespace = excluded.pod_namespace, pod_name = excluded.pod_name, container_id = excluded.container_id,
        document = excluded.document, state = excluded.state, severity = excluded.severity, mute = excluded.mute,
        finding_class = excluded.finding_class, event_time = excluded.event_time, create_time = excluded.create_time,
        update_time = excluded.update_time, delivered = excluded.delivered";
