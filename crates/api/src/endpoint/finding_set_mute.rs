//! `POST /v2/{finding}:setMute`: hides a finding, shows it, or leaves that to the rules again.

use finding::Mute;

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::routes::Version;
use crate::shape::Shape;
use crate::stored;

/// The names with their numbers, which differ between the versions.
pub(super) const fn mutes(version: Version) -> [(&'static str, i64); 4] {
    let undefined = if matches!(version, Version::V1) { 4 } else { 3 };
    [("MUTE_UNSPECIFIED", 0), ("MUTED", 1), ("UNMUTED", 2), ("UNDEFINED", undefined)]
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let name = call.target.names.finding()?;
    let said = call.body.choice("mute", &mutes(call.target.version))?;
    let mute = Mute::from_name(said).filter(|mute| *mute != Mute::Unspecified);
    let mute = mute.ok_or_else(|| ApiError::invalid("mute", &"it must be MUTED, UNMUTED or UNDEFINED"))?;
    let (by, now) = (call.principal.name.clone(), call.now);
    let item = stored::amend(&*call.service.findings, &name, now, move |item| {
        store::say(&mut item.finding, mute, &by, now);
        Ok(())
    })
    .await?;
    Ok(Answer::Json(Shape::whole(call.target.version, call.writing.numbers).finding(&item)))
}
