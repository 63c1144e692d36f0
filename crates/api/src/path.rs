//! From a path to what is asked for.
//!
//! `/v2/{organizations|folders|projects}/ID/sources/ID[/locations/LOC]/findings[/ID[/evidence[/SHA256]]][:verb]`

use finding::{FindingName, Parent};
use store::Sha256;

use crate::error::ApiError;

/// Which shape of the published interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Findings(Parent),
    Finding(FindingName),
    EvidenceOf(FindingName),
    Evidence(FindingName, Sha256),
}

/// Verbs of the published interface that are not done here yet.
const VERBS: &[&str] = &["group", "setState", "setMute", "bulkMute"];

/// Collections of the published interface that are not done here yet.
const COLLECTIONS: &[&str] = &[
    "muteConfigs",
    "notificationConfigs",
    "bigQueryExports",
    "sources",
    "resourceValueConfigs",
    "simulations",
    "externalSystems",
    "securityMarks",
    "attackPaths",
    "valuedResources",
];

/// One segment with its `%XX` undone; `None` when it is not UTF-8.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        bytes.push(digit(rest.next()?)? << 4 | digit(rest.next()?)?);
    }
    String::from_utf8(bytes).ok()
}

impl Target {
    /// Splits what follows `/v1/` or `/v2/`.
    pub(crate) fn parse(path: &str) -> Result<Self, ApiError> {
        let unknown = || ApiError::NotFound { what: format!("the path {path:?}") };
        // An encoded slash becomes part of its segment, and no name may hold one.
        let segments = path.split('/').map(decoded).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let Some(what) = not_yet(&segments) {
            return Err(ApiError::Unimplemented { what });
        }
        match segments.as_slice() {
            [name @ .., "evidence", sha256] if is_finding(name) => {
                let sha256 = sha256.parse().map_err(|e| ApiError::invalid("sha256", &e))?;
                Ok(Self::Evidence(name.join("/").parse()?, sha256))
            }
            [name @ .., "evidence"] if is_finding(name) => Ok(Self::EvidenceOf(name.join("/").parse()?)),
            name if is_finding(name) => Ok(Self::Finding(name.join("/").parse()?)),
            [parent @ .., "findings"] if matches!(parent.len(), 4 | 6) => {
                Ok(Self::Findings(parent.join("/").parse().map_err(|e| ApiError::invalid("parent", &e))?))
            }
            _ => Err(unknown()),
        }
    }
}

fn is_finding(segments: &[&str]) -> bool {
    matches!(
        segments,
        [_, _, "sources", _, "findings", _] | [_, _, "sources", _, "locations", _, "findings", _]
    )
}

fn not_yet(segments: &[&str]) -> Option<String> {
    let scope = matches!(segments.first(), Some(&("organizations" | "folders" | "projects")));
    let last = segments.last()?;
    if let Some((_, verb)) = last.rsplit_once(':')
        && VERBS.contains(&verb)
        && scope
    {
        return Some(format!(":{verb}"));
    }
    // `sources/ID/findings` is a list of findings; `sources` and `sources/ID` are sources.
    let collection = segments.len().checked_sub(2).map_or([*last, ""], |at| [*last, segments[at]]);
    let found = COLLECTIONS.iter().find(|known| scope && segments.len() > 2 && collection.contains(known))?;
    Some(format!("the collection {found:?}"))
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::error::ApiError;

    const FINDING: &str = "projects/p/sources/s/locations/l/findings/a1";

    #[test]
    fn paths_lead_to_what_they_name() {
        let digest = "0f".repeat(32);
        let name = FINDING.parse().unwrap();
        assert_eq!(Target::parse(FINDING).unwrap(), Target::Finding(name));
        for parent in ["organizations/1/sources/-", "folders/1/sources/s/locations/eu"] {
            let target = Target::parse(&format!("{parent}/findings")).unwrap();
            assert_eq!(target, Target::Findings(parent.parse().unwrap()));
        }
        assert_eq!(
            Target::parse("projects/example.com%3Ap/sources/%2D/findings").unwrap(),
            Target::Findings("projects/example.com:p/sources/-".parse().unwrap())
        );
        let name: finding::FindingName = FINDING.parse().unwrap();
        let evidence = Target::parse(&format!("{FINDING}/evidence/{digest}")).unwrap();
        assert_eq!(evidence, Target::Evidence(name.clone(), digest.parse().unwrap()));
        assert_eq!(Target::parse(&format!("{FINDING}/evidence")).unwrap(), Target::EvidenceOf(name));
    }

    #[test]
    fn what_is_published_but_not_done_says_so() {
        for path in [
            &format!("{FINDING}:setState"),
            &format!("{FINDING}/securityMarks"),
            "projects/p/sources/-/findings:group",
            "organizations/1/findings:bulkMute",
            "organizations/1/sources",
            "organizations/1/sources/5",
            "organizations/1/locations/global/muteConfigs/x",
            &format!("{FINDING}/externalSystems/jira"),
        ] {
            let error = Target::parse(path).unwrap_err();
            assert!(matches!(error, ApiError::Unimplemented { .. }), "{path}: {error:?}");
        }
    }

    #[test]
    fn tricks_lead_nowhere() {
        for path in [
            "",
            "/",
            "projects/p/sources/s/findings/..%2f..%2fetc",
            "projects/p/sources/../findings/a",
            "projects/p/sources/s/findings/a%00",
            "projects/p/sources/s/findings/%ff",
            "projects/p/sources/s/findings/%",
            "projects/p/sources/s/findings/a/evidence/../../x",
            "projects//sources/s/findings",
            "users/p/sources/s/findings",
            &format!("{FINDING}:drop"),
            &format!("{FINDING}/"),
            &format!("{FINDING}/evidence/abc"),
        ] {
            let error = Target::parse(path).unwrap_err();
            assert!(
                matches!(error, ApiError::NotFound { .. } | ApiError::Invalid { .. }),
                "{path}: {error:?}"
            );
        }
    }
}
