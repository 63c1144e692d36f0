//! From a method and a path to a row of the table of routes, and to what the path names.

use std::sync::LazyLock;

use axum::http::Method;
use finding::{FindingName, Parent, Scope};

use crate::error::ApiError;
use crate::routes::{ROUTES, Route, Version, variants};

/// Verbs and collections of the published interface that are left out; `docs/api.md` lists them.
const LEFT_OUT_VERBS: &[&str] = &["setIamPolicy", "batchCreate", "cancel", "runDiscovery", "export"];
const LEFT_OUT: &[&str] = &[
    "resourceValueConfigs",
    "simulations",
    "attackExposureResults",
    "attackPaths",
    "valuedResources",
    "assets",
    "organizationSettings",
    "eventThreatDetectionSettings",
    "securityHealthAnalyticsSettings",
];

/// One segment of a route's path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(String),
    Variable(String),
}

struct Pattern {
    route: &'static Route,
    parts: Vec<Part>,
    verb: Option<String>,
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let paths =
        ROUTES.iter().flat_map(|route| variants(route.path).into_iter().map(move |path| (route, path)));
    paths
        .map(|(route, path)| {
            let path = path.replace("{scope}", "{collection}/{id}");
            let (path, verb) = match path.rsplit_once(':') {
                Some((path, verb)) => (path.to_owned(), Some(verb.to_owned())),
                None => (path, None),
            };
            let part = |part: &str| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
                Some(name) => Part::Variable(name.to_owned()),
                None => Part::Word(part.to_owned()),
            };
            Pattern { route, parts: path.split('/').map(part).collect(), verb }
        })
        .collect()
});

impl Pattern {
    /// What the variables are, when the segments fit.
    fn fit(&'static self, version: Version, segments: &[&str]) -> Option<Vec<(&'static str, String)>> {
        if !self.route.versions.contains(&version) || self.parts.len() != segments.len() {
            return None;
        }
        let mut variables = Vec::new();
        for (at, (part, segment)) in self.parts.iter().zip(segments).enumerate() {
            let is_last = at + 1 == segments.len();
            let segment = match &self.verb {
                Some(verb) if is_last => segment.strip_suffix(verb.as_str())?.strip_suffix(':')?,
                _ => segment,
            };
            match part {
                Part::Word(word) if word == segment => {}
                Part::Variable(name) => variables.push((name.as_str(), segment.to_owned())),
                Part::Word(_) => return None,
            }
        }
        let first = variables.iter().find(|(name, _)| *name == "collection");
        let is_scope =
            first.is_none_or(|(_, name)| ["organizations", "folders", "projects"].contains(&name.as_str()));
        is_scope.then_some(variables)
    }
}

/// What a path names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Vec<(&'static str, String)>);

impl Names {
    /// A variable of the path; empty when it has none of that name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }

    /// `organizations/ID`, `folders/ID` or `projects/ID`; `organizations/-` is everything.
    pub(crate) fn scope(&self) -> Result<Scope, ApiError> {
        let parent: Parent = format!("{}/{}/sources/-", self.get("collection"), self.get("id"))
            .parse()
            .map_err(|e| ApiError::invalid("parent", &e))?;
        Ok(parent.scope().clone())
    }

    /// What findings are listed under.
    pub(crate) fn parent(&self) -> Result<Parent, ApiError> {
        self.parent_text().parse().map_err(|e| ApiError::invalid("parent", &e))
    }

    /// What the path is within: `projects/p`; everything for what belongs to the whole server.
    pub(crate) fn place(&self) -> String {
        match self.get("collection") {
            "" => "organizations/-".to_owned(),
            collection => format!("{collection}/{}", self.get("id")),
        }
    }

    /// One finding.
    pub(crate) fn finding(&self) -> Result<FindingName, ApiError> {
        Ok(format!("{}/findings/{}", self.parent_text(), self.get("finding")).parse()?)
    }

    fn parent_text(&self) -> String {
        let parent = format!("{}/{}/sources/{}", self.get("collection"), self.get("id"), self.get("source"));
        match self.get("location") {
            "" => parent,
            location => format!("{parent}/locations/{location}"),
        }
    }
}

/// A request that a row answers.
pub(crate) struct Target {
    pub(crate) route: &'static Route,
    pub(crate) version: Version,
    pub(crate) names: Names,
}

/// One segment with its `%XX` undone; `None` when it is not UTF-8.
pub(crate) fn decoded(segment: &str) -> Option<String> {
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
    /// Finds the row that answers.
    pub(crate) fn find(method: &Method, path: &str) -> Result<Self, ApiError> {
        let unknown = || ApiError::NotFound { what: format!("the path {path:?}") };
        let (version, rest) = path.strip_prefix('/').and_then(|p| p.split_once('/')).ok_or_else(unknown)?;
        let version = Version::ALL.into_iter().find(|known| known.name() == version).ok_or_else(unknown)?;
        // An encoded slash becomes part of its segment, and no name may hold one.
        let segments = rest.split('/').map(decoded).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if segments.iter().any(|segment| segment.is_empty()) {
            return Err(unknown());
        }
        let fitting = |with_verb: bool| {
            PATTERNS
                .iter()
                .filter(move |pattern| pattern.verb.is_some() == with_verb)
                .filter_map(|pattern| Some((pattern.route, pattern.fit(version, &segments)?)))
                .collect::<Vec<_>>()
        };
        let mut found = fitting(true);
        if found.is_empty() {
            if let Some(what) = left_out(&segments) {
                return Err(ApiError::Unimplemented { what });
            }
            found = fitting(false);
        }
        if found.is_empty() {
            return Err(unknown());
        }
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        match found.iter().position(|(route, _)| route.http == *wanted) {
            Some(at) => {
                let (route, variables) = found.swap_remove(at);
                Ok(Self { route, version, names: Names(variables) })
            }
            None => {
                let allow: Vec<&str> = found.iter().map(|(route, _)| allowed(route)).collect();
                Err(ApiError::Method { method: method.to_string(), allow: allow.join(", ") })
            }
        }
    }
}

fn allowed(route: &Route) -> &'static str {
    match route.http {
        Method::GET => "GET, HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        _ => "DELETE",
    }
}

fn left_out(segments: &[&str]) -> Option<String> {
    if !matches!(segments.first(), Some(&("organizations" | "folders" | "projects"))) || segments.len() < 3 {
        return None;
    }
    let last = segments.last()?;
    if let Some((_, verb)) = last.rsplit_once(':')
        && LEFT_OUT_VERBS.contains(&verb)
    {
        return Some(format!(":{verb}"));
    }
    let collections = segments.iter().skip(2).step_by(2);
    let found = collections
        .filter_map(|segment| LEFT_OUT.iter().find(|known| segment.split(':').next() == Some(**known)))
        .next()?;
    Some(format!("the collection {found:?}"))
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::error::ApiError;
    use crate::method::ApiMethod;
    use axum::http::Method;

    const FINDING: &str = "projects/p/sources/s/locations/l/findings/a1";

    fn find(method: Method, path: &str) -> Result<Target, ApiError> {
        Target::find(&method, &format!("/v2/{path}"))
    }

    #[test]
    fn paths_lead_to_what_they_name() {
        let digest = "0f".repeat(32);
        let target = find(Method::GET, FINDING).unwrap();
        assert_eq!(target.names.finding().unwrap().to_string(), FINDING);
        for parent in ["organizations/1/sources/-", "folders/1/sources/s/locations/eu"] {
            let target = find(Method::GET, &format!("{parent}/findings")).unwrap();
            assert_eq!(target.names.parent().unwrap().to_string(), parent);
            let target = find(Method::POST, &format!("{parent}/findings:group")).unwrap();
            assert_eq!(target.route.method, ApiMethod::FindingsGroup);
        }
        let target = find(Method::GET, "projects/example.com%3Ap/sources/%2D/findings").unwrap();
        assert_eq!(target.names.parent().unwrap().to_string(), "projects/example.com:p/sources/-");
        let target = find(Method::GET, &format!("{FINDING}/evidence/{digest}")).unwrap();
        assert_eq!(
            (target.names.get("sha256"), target.route.method),
            (&*digest, ApiMethod::EvidenceDownload)
        );
        let target = find(Method::POST, &format!("{FINDING}:setMute")).unwrap();
        assert_eq!(target.names.finding().unwrap().to_string(), FINDING);
    }

    #[test]
    fn what_is_published_but_left_out_says_so() {
        for path in [
            "organizations/1/resourceValueConfigs:batchCreate",
            "organizations/1/locations/global/simulations/7/attackPaths",
            "organizations/1/sources/5:setIamPolicy",
            "organizations/1/valuedResources",
        ] {
            let error = find(Method::POST, path).err().unwrap();
            assert!(matches!(error, ApiError::Unimplemented { .. }), "{path}: {error:?}");
        }
    }

    #[test]
    fn another_method_says_which_there_are() {
        for (path, method, should) in [
            (format!("{FINDING}:setState"), Method::GET, "POST"),
            (FINDING.to_owned(), Method::PUT, "GET, HEAD, PATCH"),
        ] {
            match find(method, &path).err().unwrap() {
                ApiError::Method { allow, .. } => assert_eq!(allow, should),
                other => panic!("{other:?}"),
            }
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
        ] {
            let names = find(Method::GET, path).and_then(|target| match target.names.get("finding") {
                "" => target.names.parent().map(|_| ()),
                _ => target.names.finding().map(|_| ()),
            });
            let error = names.unwrap_err();
            assert!(
                matches!(error, ApiError::NotFound { .. } | ApiError::Invalid { .. }),
                "{path}: {error:?}"
            );
        }
    }
}
