//! Arguments of `vedette modules`.

use super::{FormOf, Server, scope};
use clap::{Args, Subcommand};
use std::fmt;

#[derive(Subcommand)]
pub(crate) enum Modules {
    /// List detectors and whether they are on there.
    List(ModulesList),
    /// Turn a detector on.
    Enable(ModuleChange),
    /// Turn a detector off.
    Disable(ModuleChange),
    /// Leave a detector to what is said above.
    Inherit(ModuleChange),
}

/// Which sensors are meant: those of everything, unless one of these is given.
#[derive(Args)]
pub(crate) struct ModulesAt {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Of this organization.
    #[arg(long, value_name = "ID", group = "place", value_parser = |id: &str| place("organizations", id))]
    organization: Option<Place>,
    /// Of this project.
    #[arg(long, value_name = "ID", group = "place", value_parser = |id: &str| place("projects", id))]
    project: Option<Place>,
    /// Of this cluster: projects/PROJECT/locations/LOCATION/clusters/CLUSTER.
    #[arg(long, value_name = "CLUSTER", group = "place", value_parser = cluster)]
    cluster: Option<Place>,
}

impl ModulesAt {
    /// Its name in the API.
    pub(crate) fn place(&self) -> &str {
        let given = self.cluster.as_ref().or(self.project.as_ref()).or(self.organization.as_ref());
        given.map_or("organizations/-", |place| place.0.as_str())
    }
}

#[derive(Args)]
pub(crate) struct ModulesList {
    #[command(flatten)]
    pub(crate) at: ModulesAt,
    #[command(flatten)]
    pub(crate) form: FormOf,
}

#[derive(Args)]
pub(crate) struct ModuleChange {
    #[command(flatten)]
    pub(crate) at: ModulesAt,
    /// The module, as `vedette modules list` names it.
    pub(crate) module: String,
}

/// Where something is said about modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn place(collection: &str, id: &str) -> Result<Place, String> {
    scope(&format!("{collection}/{id}")).map(|scope| Place(scope.to_string()))
}

fn cluster(text: &str) -> Result<Place, String> {
    let wrong = || format!("{text:?} is not projects/PROJECT/locations/LOCATION/clusters/CLUSTER");
    let fits = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match text.split('/').collect::<Vec<_>>()[..] {
        ["projects", project, "locations", location, "clusters", cluster]
            if fits(location) && fits(cluster) =>
        {
            place("projects", project).map_err(|_| wrong())?;
            Ok(Place(text.to_owned()))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::{cluster, place};

    #[test]
    fn a_place_is_one_of_the_api() {
        let named = cluster("projects/shop/locations/eu/clusters/prod").map(|place| place.to_string());
        assert_eq!(named.as_deref(), Ok("projects/shop/locations/eu/clusters/prod"));
        for wrong in
            ["", "prod", "projects/shop/locations/eu/clusters/", "projects/a b/locations/eu/clusters/c"]
        {
            assert!(cluster(wrong).is_err(), "{wrong:?}");
        }
        assert!(place("projects", "../x").is_err());
    }
}
