//! `PATCH /v2/{finding}/securityMarks`: labels that users put on a finding.

use std::collections::BTreeMap;

use finding::Finding;
use serde_json::{Value, json};
use store::Refusal;

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::mask::Mask;
use crate::routes::Version;
use crate::shape::v1_name;
use crate::stored;

/// Marks of one finding.
const MARKS_MAX: usize = 100;
const KEY_MAX: usize = 256;
const VALUE_MAX: usize = 4_096;

type Marks = BTreeMap<String, String>;

fn check_key(key: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..=KEY_MAX).contains(&key.len()) && key.chars().all(fits) {
        return Ok(());
    }
    let key: String = key.chars().take(80).collect();
    let reason = format!("the key {key:?} must be 1 to {KEY_MAX} letters, digits, '_' or '-'");
    Err(ApiError::invalid("securityMarks.marks", &reason))
}

/// The marks of a body, checked, with their values trimmed.
fn said(call: &Call) -> Result<Marks, ApiError> {
    let mut marks = Marks::new();
    for (key, value) in call.body.object("marks")? {
        check_key(&key)?;
        let value = value.as_str().map(str::trim).filter(|v| (1..=VALUE_MAX).contains(&v.chars().count()));
        let value = value.ok_or_else(|| {
            let reason =
                format!("it must be a text of 1 to {VALUE_MAX} characters between the blanks around it");
            ApiError::invalid(format!("securityMarks.marks.{key}"), &reason)
        })?;
        if marks.keys().any(|known| known.eq_ignore_ascii_case(&key)) {
            let reason = format!("{key:?} stands twice: capitals and small letters are the same");
            return Err(ApiError::invalid("securityMarks.marks", &reason));
        }
        marks.insert(key, value.to_owned());
        if marks.len() > MARKS_MAX {
            return Err(ApiError::invalid("securityMarks.marks", &format!("at most {MARKS_MAX} are kept")));
        }
    }
    Ok(marks)
}

/// The keys that a mask names; none for all of them.
fn keys(mask: &Mask) -> Result<Option<Vec<String>>, ApiError> {
    let mut keys = Vec::new();
    for path in mask.paths() {
        match path.as_slice() {
            [marks] if marks == "marks" => return Ok(None),
            [marks, key] if marks == "marks" => {
                check_key(key)?;
                keys.push(key.clone());
            }
            _ => {
                let reason = format!("{:?} is not \"marks\" or \"marks.KEY\"", path.join("."));
                return Err(ApiError::invalid("updateMask", &reason));
            }
        }
    }
    Ok((!mask.is_empty()).then_some(keys))
}

/// Marks whose keys differ in capitals only are one, which keeps its first spelling.
fn write(marks: &mut Marks, said: &Marks, keys: Option<&[String]>) -> Result<(), Refusal> {
    match keys {
        None => {
            let spelling =
                |key: &String| marks.keys().find(|k| k.eq_ignore_ascii_case(key)).unwrap_or(key).clone();
            *marks = said.iter().map(|(key, value)| (spelling(key), value.clone())).collect();
        }
        Some(keys) => {
            for key in keys {
                let known = marks.keys().find(|k| k.eq_ignore_ascii_case(key)).cloned();
                let value = said.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v.clone());
                match value {
                    Some(value) => marks.insert(known.unwrap_or_else(|| key.clone()), value),
                    None => known.and_then(|known| marks.remove(&known)),
                };
            }
        }
    }
    if marks.len() > MARKS_MAX {
        let reason = format!("a finding has at most {MARKS_MAX} marks; take some away first");
        return Err(stored::refused("securityMarks.marks", reason));
    }
    Ok(())
}

fn written(finding: &Finding, version: Version) -> Value {
    let name = |name: &str| {
        let name = format!("{name}/securityMarks");
        if version == Version::V1 { v1_name(&name) } else { name }
    };
    json!({
        "name": name(&finding.name),
        "marks": finding.security_marks.marks,
        "canonicalName": name(if finding.canonical_name.is_empty() { &finding.name } else { &finding.canonical_name }),
    })
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let name = call.target.names.finding()?;
    let mask = Mask::read(call.parameters.take("updateMask"), "securityMarks")?;
    if let Some(time) = call.parameters.take("startTime") {
        time.parse::<finding::Timestamp>().map_err(|e| ApiError::invalid("startTime", &e))?;
    }
    let keys = keys(&mask)?;
    let said = said(&call)?;
    let item = stored::amend(&*call.service.findings, &name, call.now, move |item| {
        let finding = &mut item.finding;
        write(&mut finding.security_marks.marks, &said, keys.as_deref())?;
        finding.security_marks.name = format!("{}/securityMarks", finding.name);
        Ok(())
    })
    .await?;
    Ok(Answer::Json(written(&item.finding, call.target.version)))
}
