//! What every backend must do, as functions over the traits. A backend runs them all:
//!
//! ```text
//! store::contract::tests!(|name| async move { MyStore::open(folder_of(name)).await });
//! ```

mod batches;
mod documents;
mod evidence;
mod extremes;
mod filters;
mod findings;
mod over_time;
mod reference;
mod service;
mod walks;

pub use batches::{
    a_refused_finding_stands_alone, many_names_are_answered_like_each, versions_at_once_leave_the_last,
};
pub use documents::{
    a_lease_has_one_holder, documents_are_kept_by_kind_and_name, the_audit_log_keeps_what_it_was_told,
};
pub use evidence::{
    a_hash_alone_opens_nothing, equal_bytes_are_kept_once, evidence_is_listed_and_opened,
    evidence_is_received_in_parts, files_are_kept_like_bytes, hostile_names_are_only_shown,
    unfinished_evidence_has_a_quota, unfinished_evidence_is_its_holders, what_nobody_waits_for_is_swept,
};
pub use extremes::{the_largest_filters_are_answered, times_far_away_are_kept_and_in_order};
pub use filters::{a_filter_means_what_its_evaluation_says, a_filtered_walk_meets_every_match_once};
pub use findings::{
    a_foreign_page_token_is_refused, a_megabyte_argument_survives, a_time_range_is_half_open,
    a_walk_meets_every_finding_once_while_others_arrive, an_update_keeps_what_users_set,
    canonical_names_lead_there, hostile_text_survives, listing_follows_the_parent,
    many_writers_at_once_lose_nothing, newest_first_and_any_order, the_same_again_changes_nothing,
    what_is_acknowledged_is_answered,
};

pub use over_time::{
    counts_over_time_are_those_of_the_findings, earlier_states_are_kept,
    large_earlier_states_are_told_page_by_page,
};
pub use reference::the_rows_of_the_filter_table_hold;
pub use service::{
    a_finding_is_created_once, a_refused_edit_stands_alone, changes_are_told_in_order,
    groups_count_what_findings_say, rules_decide_when_a_finding_is_written, the_past_is_as_it_was,
    the_past_knows_addresses, what_arrives_late_changes_nothing, what_is_too_old_goes,
};
pub use walks::{an_address_leads_to_its_findings, an_order_holds_over_pages, what_is_rare_is_met_once};

/// Runs the contract as one `#[tokio::test]` each. The argument makes a fresh, empty store from the test's name; its
/// future gives something that dereferences to the store.
#[macro_export]
macro_rules! contract_tests {
    ($fresh:expr) => {
        $crate::contract_tests!(maybe async |name| Some($fresh(name).await));
    };
    // `None`: there is none here, and why was said
    (maybe $fresh:expr) => {
        $crate::contract_tests!(@each $fresh,
            what_is_acknowledged_is_answered, the_same_again_changes_nothing, an_update_keeps_what_users_set,
            newest_first_and_any_order, a_walk_meets_every_finding_once_while_others_arrive,
            listing_follows_the_parent, canonical_names_lead_there, a_time_range_is_half_open,
            a_foreign_page_token_is_refused, hostile_text_survives, a_megabyte_argument_survives,
            many_writers_at_once_lose_nothing, what_arrives_late_changes_nothing, what_is_rare_is_met_once, a_refused_edit_stands_alone, a_finding_is_created_once,
            an_address_leads_to_its_findings, an_order_holds_over_pages, the_past_knows_addresses,
            rules_decide_when_a_finding_is_written, the_past_is_as_it_was, groups_count_what_findings_say,
            changes_are_told_in_order, what_is_too_old_goes, documents_are_kept_by_kind_and_name,
            a_lease_has_one_holder, the_audit_log_keeps_what_it_was_told, evidence_is_received_in_parts,
            evidence_is_listed_and_opened, equal_bytes_are_kept_once, a_hash_alone_opens_nothing,
            unfinished_evidence_is_its_holders, unfinished_evidence_has_a_quota, what_nobody_waits_for_is_swept,
            hostile_names_are_only_shown, files_are_kept_like_bytes,
            a_filter_means_what_its_evaluation_says, a_filtered_walk_meets_every_match_once,
            the_rows_of_the_filter_table_hold, the_largest_filters_are_answered,
            times_far_away_are_kept_and_in_order, a_refused_finding_stands_alone,
            versions_at_once_leave_the_last, many_names_are_answered_like_each,
            earlier_states_are_kept, large_earlier_states_are_told_page_by_page,
            counts_over_time_are_those_of_the_findings,
        );
    };
    (@each $fresh:expr, $($case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let Some(store) = ($fresh)(stringify!($case)).await else { return };
                $crate::contract::$case(&*store).await;
            }
        )*
    };
}

pub use contract_tests as tests;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::{ListQuery, StoreError};
use finding::{Finding, FindingName, FindingResource, Timestamp};

/// Finding number `n`, with a time of its own.
pub fn example(n: i64) -> FindingResource {
    let name = format!("projects/p/sources/vedette/locations/global/findings/f{n:05}");
    let finding = Finding {
        parent: "projects/p/sources/vedette/locations/global".into(),
        category: "Execution: Socat Reverse Shell Detected".into(),
        event_time: Some(Timestamp::from_nanos(n * 1_000)),
        name,
        ..Finding::default()
    };
    FindingResource { finding, ..FindingResource::default() }
}

/// The name of finding number `n`.
pub fn name(n: i64) -> FindingName {
    expected(example(n).finding.name.parse(), "the example's name")
}

/// The first page of everything in project `p`.
pub fn everything() -> ListQuery {
    ListQuery::new(expected("projects/p/sources/-".parse(), "a parent"))
}

fn expected<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Runs everything at once, without an executor of its own.
async fn all_at_once<T>(mut running: Vec<Running<'_, T>>) -> Vec<Result<T, StoreError>> {
    let mut done: Vec<Option<Result<T, StoreError>>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let Poll::Ready(result) = future.as_mut().poll(context)
            {
                *slot = Some(result);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
