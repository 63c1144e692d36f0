//! Lists of the API, page by page, so that nothing piles up.

use crate::client::Client;
use crate::findings::form::{Columns, Form, Printer};
use anyhow::Result;
use serde_json::Value;

/// Items asked for at once.
const PAGE: u64 = 500;

/// What to print.
pub(super) struct List<'a> {
    /// Where it is.
    pub(super) path: String,
    /// What else is asked; what is empty is left out.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// The field of the answer.
    pub(super) field: &'static str,
    /// What they are, for a reader.
    pub(super) noun: &'static str,
    /// 0 for all.
    pub(super) limit: u64,
    pub(super) form: &'a Form,
    pub(super) columns: Columns,
}

impl List<'_> {
    pub(super) fn print(self, client: &Client) -> Result<()> {
        let mut printer = Printer::to_reader(self.form, self.columns);
        let (mut shown, mut token) = (0_u64, String::new());
        loop {
            let left = if self.limit == 0 { PAGE } else { (self.limit - shown).min(PAGE) };
            let size = left.to_string();
            let mut query = self.query.to_vec();
            query.extend([("pageSize", size.as_str()), ("pageToken", token.as_str())]);
            let mut answer = client.read(&self.path, &query)?;
            let items = match answer[self.field].take() {
                Value::Array(items) => items,
                _ => Vec::new(),
            };
            printer.print(&items)?;
            shown += items.len() as u64;
            token = answer["nextPageToken"].as_str().unwrap_or_default().to_owned();
            if token.is_empty() || (self.limit != 0 && shown >= self.limit) {
                break;
            }
        }
        printer.finish()?;
        if shown == 0 && matches!(self.form, Form::Table(_)) {
            eprintln!("no {}", self.noun);
        }
        if !token.is_empty() {
            eprintln!("there are more {}; --limit 0 shows all", self.noun);
        }
        Ok(())
    }
}
