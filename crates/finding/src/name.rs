//! Names of findings and of what they are listed under.
//!
//! `{organizations|folders|projects}/{id}/sources/{source}[/locations/{location}][/findings/{finding}]`

use std::fmt;
use std::str::FromStr;

/// Stands for every source, or every location, in a [`Parent`].
pub const ALL: &str = "-";

const FINDING_ID_MAX: usize = 32;
const SEGMENT_MAX: usize = 128;

/// Not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The path has another form.
    #[error(
        "{text:?} is not a name of the form \
         {{organizations|folders|projects}}/ID/sources/ID[/locations/LOCATION]{expected}"
    )]
    Form {
        /// What was written.
        text: String,
        /// What should have followed the source.
        expected: &'static str,
    },
    /// One part holds what a name cannot hold.
    #[error("{part} {text:?} in a name must be {rule}")]
    Part {
        /// Which part.
        part: &'static str,
        /// What was written.
        text: String,
        /// What it must be.
        rule: &'static str,
    },
}

/// The three kinds of scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collection {
    /// `organizations`.
    Organizations,
    /// `folders`.
    Folders,
    /// `projects`.
    Projects,
}

impl Collection {
    /// As it stands in a name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Folders => "folders",
            Self::Projects => "projects",
        }
    }
}

/// What a finding belongs to: an organization, a folder or a project, by id or number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    collection: Collection,
    id: String,
}

impl Scope {
    /// From the kind and the id.
    pub fn new(collection: Collection, id: &str) -> Result<Self, NameError> {
        Ok(Self { collection, id: segment("the id", id)? })
    }

    /// A project.
    pub fn project(id: &str) -> Result<Self, NameError> {
        Self::new(Collection::Projects, id)
    }

    /// An organization.
    pub fn organization(id: &str) -> Result<Self, NameError> {
        Self::new(Collection::Organizations, id)
    }

    /// Its kind.
    pub const fn collection(&self) -> Collection {
        self.collection
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `organizations/-`: whatever it belongs to. Ours; a list under it holds everything.
    pub fn is_everything(&self) -> bool {
        self.id == ALL
    }

    fn parse(collection: &str, id: &str) -> Result<Self, NameError> {
        let known = [Collection::Organizations, Collection::Folders, Collection::Projects];
        match known.into_iter().find(|c| c.name() == collection) {
            Some(collection) => Self::new(collection, id),
            None => Err(NameError::Part {
                part: "the collection",
                text: collection.to_owned(),
                rule: "organizations, folders or projects",
            }),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection.name(), self.id)
    }
}

/// An id as the cloud and we ourselves write them. Nothing that means something in a path, a URL or a terminal.
/// (`:` because some project ids are `domain.example:project`.)
fn segment(part: &'static str, text: &str) -> Result<String, NameError> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    let starts_well = text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    if starts_well && text.len() <= SEGMENT_MAX && text.bytes().all(inner) {
        return Ok(text.to_owned());
    }
    let rule = "1 to 128 letters, digits, '-', '_', '.' or ':', a letter or digit first";
    Err(NameError::Part { part, text: text.to_owned(), rule })
}

/// The same, or `-` for all.
fn segment_or_all(part: &'static str, text: &str) -> Result<Option<String>, NameError> {
    if text == ALL { Ok(None) } else { segment(part, text).map(Some) }
}

/// Identity of one finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FindingName {
    scope: Scope,
    source: String,
    location: Option<String>,
    finding: String,
}

impl FindingName {
    /// From its parts. The finding's id is 1 to 32 letters and digits.
    pub fn new(scope: Scope, source: &str, location: Option<&str>, finding: &str) -> Result<Self, NameError> {
        let alphanumeric = finding.bytes().all(|b| b.is_ascii_alphanumeric());
        if finding.is_empty() || finding.len() > FINDING_ID_MAX || !alphanumeric {
            let rule = "1 to 32 letters and digits";
            return Err(NameError::Part { part: "the finding's id", text: finding.to_owned(), rule });
        }
        let location = location.map(|l| segment("the location", l)).transpose()?;
        Ok(Self { scope, source: segment("the source", source)?, location, finding: finding.to_owned() })
    }

    /// What it belongs to.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The source that wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The location, when the name has one.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The finding's own id.
    pub fn finding(&self) -> &str {
        &self.finding
    }

    /// The value of `finding.parent`: the name without `/findings/…`.
    pub fn parent(&self) -> Parent {
        Parent {
            scope: self.scope.clone(),
            source: Some(self.source.clone()),
            location: self.location.clone(),
        }
    }
}

impl fmt::Display for FindingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/findings/{}", self.parent(), self.finding)
    }
}

impl FromStr for FindingName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [collection, id, "sources", source, "findings", finding] => {
                Self::new(Scope::parse(collection, id)?, source, None, finding)
            }
            [collection, id, "sources", source, "locations", location, "findings", finding] => {
                Self::new(Scope::parse(collection, id)?, source, Some(location), finding)
            }
            _ => Err(NameError::Form { text: text.to_owned(), expected: "/findings/ID" }),
        }
    }
}

/// What findings are listed under: one source or all, one location or all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parent {
    scope: Scope,
    source: Option<String>,
    location: Option<String>,
}

impl Parent {
    /// From its parts; `None` is every source, or every location.
    pub fn new(scope: Scope, source: Option<&str>, location: Option<&str>) -> Result<Self, NameError> {
        let source = source.map(|s| segment("the source", s)).transpose()?;
        let location = location.map(|l| segment("the location", l)).transpose()?;
        Ok(Self { scope, source, location })
    }

    /// What the findings belong to.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The source; `None` is every source.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The location; `None` is every location.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }
}

impl fmt::Display for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/sources/{}", self.scope, self.source.as_deref().unwrap_or(ALL))?;
        match &self.location {
            Some(location) => write!(f, "/locations/{location}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Parent {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let (collection, id, source, location) = match parts.as_slice() {
            [collection, id, "sources", source] => (collection, id, source, None),
            [collection, id, "sources", source, "locations", location] => {
                (collection, id, source, segment_or_all("the location", location)?)
            }
            _ => return Err(NameError::Form { text: text.to_owned(), expected: "" }),
        };
        let source = segment_or_all("the source", source)?;
        let scope = match (*collection, *id) {
            ("organizations", ALL) => Scope { collection: Collection::Organizations, id: ALL.to_owned() },
            _ => Scope::parse(collection, id)?,
        };
        Ok(Self { scope, source, location })
    }
}

#[cfg(test)]
mod tests {
    use super::{FindingName, Parent, Scope};

    #[test]
    fn names_survive_the_round_trip() {
        for text in [
            "organizations/123/sources/456/findings/a1",
            "folders/9/sources/vedette/locations/global/findings/0190f3c27b5e7c9a8d1e2f3a4b5c6d7e",
            "projects/example.com:shop/sources/vedette/locations/eu-west1/findings/A",
        ] {
            assert_eq!(text.parse::<FindingName>().unwrap().to_string(), text);
        }
        for text in [
            "organizations/-/sources/-",
            "projects/p/sources/-",
            "projects/p/sources/vedette/locations/global",
        ] {
            assert_eq!(text.parse::<Parent>().unwrap().to_string(), text);
        }
        let all: Parent = "projects/p/sources/-/locations/-".parse().unwrap();
        assert_eq!(all.to_string(), "projects/p/sources/-");
    }

    #[test]
    fn what_could_mean_something_elsewhere_is_refused() {
        let long = format!("projects/p/sources/s/findings/{}", "a".repeat(33));
        for text in [
            "",
            "/",
            "projects/p/sources/s",
            "projects/p/sources/s/findings/",
            "projects/p/sources/-/findings/a",
            "users/p/sources/s/findings/a",
            "projects//sources/s/findings/a",
            "projects/../sources/s/findings/a",
            "projects/p/sources/s/findings/a/b",
            "projects/p/sources/s/findings/a-b",
            "projects/p/sources/s/findings/é",
            "projects/p/sources/s\n/findings/a",
            "projects/p/sources/%2e/findings/a",
            "projects/p q/sources/s/findings/a",
            "projects/p/sources/s/locations//findings/a",
            "projects/p\u{0}/sources/s/findings/a",
            long.as_str(),
        ] {
            assert!(text.parse::<FindingName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_message_says_what_a_name_looks_like() {
        let error = "projects/p".parse::<FindingName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"projects/p\" is not a name of the form \
             {organizations|folders|projects}/ID/sources/ID[/locations/LOCATION]/findings/ID"
        );
    }

    #[test]
    fn a_finding_knows_its_parent() {
        let name = FindingName::new(Scope::project("p").unwrap(), "vedette", Some("global"), "f1").unwrap();
        assert_eq!(name.parent().to_string(), "projects/p/sources/vedette/locations/global");
    }
}
