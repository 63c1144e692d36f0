//! Where nodes may write: of which organization, and a cluster for which projects. Pure.

use std::collections::{BTreeMap, BTreeSet};

use finding::{Collection, FindingName, Parent, Resource};

/// The organization of whoever says none.
const LOCAL: &str = "local";

/// Source of Vedette's own findings.
const SOURCE: &str = "vedette";

/// What a server knows of where its nodes belong. Whatever is not said is not bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tenancy {
    /// The one organization that findings are of.
    pub organization: Option<String>,
    /// The projects, by id and by number, that a cluster's findings are of. A cluster that is not there may nothing.
    pub clusters: Option<BTreeMap<String, BTreeSet<String>>>,
}

/// The project of a full resource name: `//HOST/projects/PROJECT[/…]`.
pub(crate) fn project_of(resource_name: &str) -> Option<&str> {
    let (_, path) = resource_name.strip_prefix("//")?.split_once('/')?;
    path.strip_prefix("projects/")?.split('/').next().filter(|project| !project.is_empty())
}

impl Tenancy {
    /// Whether a cluster's nodes may deliver at all.
    ///
    /// # Errors
    /// What to add to the server's configuration.
    pub fn admits(&self, cluster: &str) -> Result<(), String> {
        match &self.clusters {
            Some(clusters) if !clusters.contains_key(cluster) => Err(format!(
                "cluster {cluster:?} is none of those that may deliver here; name it in the server's intake.clusters"
            )),
            _ => Ok(()),
        }
    }

    /// Whether a cluster's findings may be of a project.
    fn allows_project(&self, cluster: &str, project: &str) -> Result<(), String> {
        self.admits(cluster)?;
        let projects = self.clusters.as_ref().and_then(|clusters| clusters.get(cluster));
        match projects {
            Some(projects) if !projects.contains(project) => Err(format!(
                "cluster {cluster:?} may not write findings of project {project:?}; if it is that project's, name it in \
                 the server's intake.clusters.{cluster}.projects"
            )),
            _ => Ok(()),
        }
    }

    fn allows_organization(&self, organization: &str) -> Result<(), String> {
        match &self.organization {
            Some(own) if own != organization => Err(format!(
                "organization {organization:?} is not this server's; write organization: {own:?} into the sensor's \
                 configuration"
            )),
            _ => Ok(()),
        }
    }

    fn allows_resource(&self, cluster: &str, resource: &Resource) -> Result<(), String> {
        for name in [&resource.name, &resource.gcp_metadata.project] {
            if let Some(project) = project_of(name) {
                self.allows_project(cluster, project)?;
            }
        }
        let organization = &resource.gcp_metadata.organization;
        organization.strip_prefix("organizations/").map_or(Ok(()), |id| self.allows_organization(id))
    }

    /// Whether a cluster may write a finding of these names, about this resource.
    ///
    /// # Errors
    /// Why not, with the cluster and what it may not.
    pub(crate) fn allows(
        &self,
        cluster: &str,
        name: &FindingName,
        canonical: &FindingName,
        resource: &Resource,
    ) -> Result<(), String> {
        if name.scope().collection() != Collection::Organizations {
            return Err(format!("{name} is no name of an organization's finding; a sensor writes no others"));
        }
        self.allows_organization(name.scope().id())?;
        if canonical.scope().collection() != Collection::Projects {
            return Err(format!("canonicalName: {canonical} is not of a project; a sensor's findings are"));
        }
        self.allows_project(cluster, canonical.scope().id())?;
        self.allows_resource(cluster, resource)
    }

    /// Whether findings about a node can have this parent.
    pub(crate) fn is_usable(&self, parent: &str) -> bool {
        let Ok(parsed) = parent.parse::<Parent>() else { return false };
        let scope = parsed.scope();
        parsed.source().is_some()
            && parsed.location().is_some()
            && !scope.is_everything()
            && scope.collection() == Collection::Organizations
            && self.allows_organization(scope.id()).is_ok()
    }

    /// The parent of findings about a node that says none that can be.
    pub(crate) fn fallback(&self) -> String {
        let organization = self.organization.as_deref().unwrap_or(LOCAL);
        format!("organizations/{organization}/sources/{SOURCE}/locations/global")
    }

    /// What findings about a node are about: what it says, if that is its own cluster.
    pub(crate) fn resource_of(&self, cluster: &str, said: &serde_json::Value) -> Resource {
        let resource: Resource = serde_json::from_value(said.clone()).unwrap_or_default();
        if resource.display_name == cluster && self.allows_resource(cluster, &resource).is_ok() {
            resource
        } else {
            Resource { display_name: cluster.to_owned(), ..Resource::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tenancy, project_of};
    use finding::{FindingName, Resource};

    fn tenancy() -> Tenancy {
        let projects = ["p".to_owned(), "42".to_owned()].into();
        Tenancy { organization: Some("1".into()), clusters: Some([("c".to_owned(), projects)].into()) }
    }

    fn asked(cluster: &str, name: &str, canonical: &str, resource: &str) -> Result<(), String> {
        let [name, canonical]: [FindingName; 2] =
            [name, canonical].map(|text| format!("{text}/sources/v/locations/l/findings/a").parse().unwrap());
        let resource = Resource { name: resource.into(), ..Resource::default() };
        tenancy().allows(cluster, &name, &canonical, &resource)
    }

    #[test]
    fn a_cluster_writes_for_its_projects_and_its_organization() {
        assert_eq!(
            asked("c", "organizations/1", "projects/p", "//h/projects/42/locations/l/clusters/c"),
            Ok(())
        );
        for (cluster, name, canonical, resource, wanted) in [
            ("d", "organizations/1", "projects/p", "", "\"d\""),
            ("c", "organizations/2", "projects/p", "", "\"2\""),
            ("c", "projects/p", "projects/p", "", "organization"),
            ("c", "folders/1", "projects/p", "", "organization"),
            ("c", "organizations/1", "projects/q", "", "\"q\""),
            ("c", "organizations/1", "organizations/1", "", "canonicalName"),
            ("c", "organizations/1", "projects/p", "//h/projects/43", "\"43\""),
        ] {
            let refused = asked(cluster, name, canonical, resource).unwrap_err();
            assert!(refused.contains(wanted), "{refused}");
        }
    }

    #[test]
    fn a_parent_that_no_finding_can_have_is_not_usable() {
        assert!(tenancy().is_usable("organizations/1/sources/v/locations/global"));
        for parent in [
            "",
            "organizations/1",
            "organizations/1/sources/v",
            "organizations/1/sources/-/locations/global",
            "organizations/1/sources/v/locations/-",
            "organizations/-/sources/v/locations/global",
            "organizations/2/sources/v/locations/global",
            "projects/p/sources/v/locations/global",
            "organizations/1/sources/../locations/global",
        ] {
            assert!(!tenancy().is_usable(parent), "{parent:?}");
        }
        assert!(tenancy().is_usable(&tenancy().fallback()));
        assert!(Tenancy::default().is_usable(&Tenancy::default().fallback()));
    }

    #[test]
    fn a_resource_name_tells_its_project() {
        assert_eq!(project_of("//container.googleapis.com/projects/42/locations/l"), Some("42"));
        assert_eq!(project_of("//h/projects/p"), Some("p"));
        for none in ["", "projects/p", "//h", "//h/projects/", "//h/folders/1"] {
            assert_eq!(project_of(none), None, "{none}");
        }
    }
}
