//! Does every crate stand on its floor?
//!
//! floors → I/O libraries → one door for each foreign library → pure sources

use std::collections::BTreeMap;

use anyhow::Result;

use crate::policy::{
    EDGE_FLOOR, EVERYWHERE, IO_LIBRARIES, ONLY_FROM, PURE_FLOOR, SHARED_BY, TOP_FLOOR, WORLDLY_WORDS,
    matches_any,
};
use crate::sources::{self, Source};
use crate::workspace::{Crate, Purpose, Workspace};

/// Every breach of the layering rules, in words.
pub(crate) fn check() -> Result<Vec<String>> {
    let workspace = Workspace::read()?;
    let mut complaints = Vec::new();
    for member in &workspace.crates {
        let Some(floor) = member.floor.filter(|floor| *floor <= TOP_FLOOR) else {
            complaints.push(format!(
                "{}: [package.metadata.vedette] names no floor from 0 to {TOP_FLOOR}",
                member.name
            ));
            continue;
        };
        complaints.extend(dependencies(&workspace, member, floor));
        if floor <= PURE_FLOOR {
            for source in sources::read_all(&member.folder.join("src"))? {
                complaints.extend(worldly_words(&source, &workspace));
            }
        }
    }
    complaints.extend(many_doors(&workspace));
    Ok(complaints)
}

fn dependencies(workspace: &Workspace, member: &Crate, floor: u64) -> Vec<String> {
    let mut complaints = Vec::new();
    for dependency in &member.dependencies {
        let name = &dependency.name;
        if dependency.is_local {
            if let Some(below) =
                workspace.find(name).and_then(|other| other.floor).filter(|other| *other > floor)
            {
                complaints.push(format!(
                    "{} (floor {floor}) depends on {name} (floor {below}), which is above it",
                    member.name
                ));
            }
        } else if dependency.purpose == Purpose::Product {
            if floor < EDGE_FLOOR && matches_any(name, IO_LIBRARIES) {
                complaints.push(format!(
                    "{} (floor {floor}) depends on {name}, which does I/O; that starts at floor {EDGE_FLOOR}",
                    member.name
                ));
            }
            if let Some((_, from, reason)) =
                ONLY_FROM.iter().find(|(library, from, _)| library == name && floor < *from)
            {
                complaints.push(format!(
                    "{} (floor {floor}) depends on {name}, allowed from floor {from}: {reason}",
                    member.name
                ));
            }
        }
    }
    complaints
}

/// Foreign libraries that more crates name than the policy lets in.
fn many_doors(workspace: &Workspace) -> Vec<String> {
    let mut doors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for member in &workspace.crates {
        let foreign = member.dependencies.iter().filter(|d| !d.is_local && d.purpose == Purpose::Product);
        for dependency in foreign.filter(|d| !EVERYWHERE.iter().any(|(library, _)| *library == d.name)) {
            let users = doors.entry(&dependency.name).or_default();
            if !users.contains(&member.name.as_str()) {
                users.push(&member.name);
            }
        }
    }
    doors.retain(|library, users| {
        let allowed = SHARED_BY
            .iter()
            .find(|(shared, _, _)| shared == library)
            .map_or(&[][..], |(_, crates, _)| *crates);
        let strangers = users.iter().filter(|user| !allowed.contains(user)).count();
        users.len() > 1 && strangers > 0
    });
    let complaint = |(library, users): (&str, Vec<&str>)| {
        format!(
            "{library} enters through {}: keep one door, or add it to SHARED_BY in crates/xtask/src/policy.rs with a reason",
            users.join(", ")
        )
    };
    doors.into_iter().map(complaint).collect()
}

fn worldly_words(source: &Source, workspace: &Workspace) -> Vec<String> {
    let path = source.path.strip_prefix(&workspace.root).unwrap_or(&source.path).display();
    let mut complaints = Vec::new();
    for (number, line) in source.code.lines().enumerate().filter(|(number, _)| !source.is_test(*number)) {
        for word in WORLDLY_WORDS.iter().filter(|word| has_word(line, word)) {
            complaints.push(format!(
                "{path}:{}: `{word}` opens a door to the world; floors 0 to {PURE_FLOOR} have none",
                number + 1
            ));
        }
    }
    complaints
}

/// Is `word` in `line`, and not as part of a longer name?
fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_name);
        let after = word.ends_with(is_name) && line[at + word.len()..].chars().next().is_some_and(is_name);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::workspace::Dependency;

    fn member(name: &str, floor: u64, dependencies: &[(&str, bool)]) -> Crate {
        let dependencies = dependencies.iter().map(|(name, is_local)| Dependency {
            name: (*name).to_owned(),
            is_local: *is_local,
            purpose: Purpose::Product,
        });
        Crate {
            name: name.to_owned(),
            description: String::new(),
            floor: Some(floor),
            folder: PathBuf::new(),
            dependencies: dependencies.collect(),
        }
    }

    fn complaints(crates: Vec<Crate>) -> Vec<String> {
        let workspace = Workspace { root: PathBuf::new(), crates };
        let each = workspace.crates.iter().flat_map(|m| dependencies(&workspace, m, m.floor.unwrap_or(0)));
        each.chain(many_doors(&workspace)).collect()
    }

    #[test]
    fn a_crate_may_not_climb() {
        let crates = vec![member("event", 0, &[("sensor", true)]), member("sensor", 4, &[("event", true)])];
        assert_eq!(complaints(crates), ["event (floor 0) depends on sensor (floor 4), which is above it"]);
    }

    #[test]
    fn io_starts_at_the_edge() {
        assert!(complaints(vec![member("store", 2, &[("sqlx-core", false)])])[0].contains("does I/O"));
        assert!(complaints(vec![member("store-sqlite", 3, &[("sqlx", false)])]).is_empty());
    }

    #[test]
    fn a_library_has_one_door_unless_the_policy_says_otherwise() {
        let two = |library| vec![member("a", 3, &[(library, false)]), member("b", 3, &[(library, false)])];
        assert_eq!(complaints(two("object")).len(), 1);
        assert!(complaints(two("serde")).is_empty());
    }

    #[test]
    fn worldly_words_are_whole_words() {
        assert!(has_word("use std::time::Instant;", "Instant"));
        assert!(!has_word("struct InstantOfDay;", "Instant"));
        assert!(!has_word("my_println!()", "println!"));
    }
}
