//! What analysts ask, and how long each answer takes.

use std::time::{Duration, Instant};

use anyhow::Result;
use finding_filter::Field;
use store::{
    Clock, FindingStore, GroupField, GroupQuery, HistogramQuery, ListQuery, OrderField, PageSize, TimeRange,
};

use crate::generator::POD;

/// A question.
pub(crate) struct Question {
    pub(crate) name: String,
    kind: Kind,
}

enum Kind {
    List { parent: &'static str, filter: String, order: &'static str },
    Group { filter: &'static str, by: &'static [&'static str] },
    OverTime { filter: &'static str, days: (&'static str, &'static str) },
}

const EVERYTHING: &str = "organizations/-/sources/-";

pub(crate) fn all() -> Vec<Question> {
    let list = |name: &str, filter: &str, order| Question {
        name: name.to_owned(),
        kind: Kind::List { parent: EVERYTHING, filter: filter.to_owned(), order },
    };
    let group = |filter, by: &'static [&'static str]| Question {
        name: format!("group by {}", by.join(", ")),
        kind: Kind::Group { filter, by },
    };
    let over_time = |name: &str, filter, days| Question {
        name: format!("over time, 60 spans: {name}"),
        kind: Kind::OverTime { filter, days },
    };
    let day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z");
    let all = ("2025-10-01T05:00:00Z", "2026-11-01T07:00:00Z");
    let pod =
        format!("source_properties.Pod_Namespace=\"{}\" AND source_properties.Pod_Name=\"{}\"", POD.0, POD.1);
    vec![
        list("first page, newest first", "", ""),
        list("what needs attention", "state=ACTIVE AND NOT mute=MUTED", ""),
        list("critical and active", "severity=CRITICAL AND state=ACTIVE", ""),
        list("one category", "category=\"Execution: Socat Reverse Shell Detected\"", ""),
        list("one day", DAY, "event_time desc"),
        list("active of one week, worst first", WEEK, "severity,event_time desc"),
        list("active of one week, by category", WEEK, "category,event_time desc"),
        list("everything, worst first", "", "severity"),
        list(
            "what needs attention, worst first",
            "state=ACTIVE AND NOT mute=MUTED",
            "severity,event_time desc",
        ),
        list("active of one week, newest first", WEEK, ""),
        list("one pod", &pod, ""),
        list("a word in the description", "description:\"web-7-1287\"", ""),
        list("a word that is in no description", "description:\"nowhere to be found\"", ""),
        list("addresses of a network", "inIpRange(connections.destination_ip, \"192.0.2.0/24\")", ""),
        list("one address", "inIpRange(connections.destination_ip, \"203.0.113.7/32\")", ""),
        list("addresses that most have", "inIpRange(connections.source_ip, \"10.0.0.0/8\")", ""),
        list(
            "one cluster",
            "resource_name=\"//container.googleapis.com/projects/project-1/locations/eu/clusters/c7\"",
            "",
        ),
        Question {
            name: "one project, first page".into(),
            kind: Kind::List { parent: "projects/project-3/sources/-", filter: String::new(), order: "" },
        },
        Question {
            name: "group one day by cluster, which is not tallied".into(),
            kind: Kind::Group { filter: DAY, by: &["resource.display_name"] },
        },
        group("", &["category"]),
        group("", &["severity", "state"]),
        group("state=ACTIVE AND NOT mute=MUTED", &["category", "severity"]),
        over_time("one day", "", day),
        over_time("one day, what needs attention", ATTENTION, day),
        over_time("thirteen months", "", all),
        over_time("thirteen months, what needs attention", ATTENTION, all),
        over_time("one week", "", ("2026-06-01T00:00:00Z", "2026-06-08T00:00:00Z")),
        over_time("thirteen months, one category", "category=\"Reverse Shell\"", all),
        over_time("thirteen months, a word", "description:\"web-7-1287\"", all),
    ]
}

const ATTENTION: &str = "state=ACTIVE AND NOT mute=MUTED";
const DAY: &str = "event_time>=\"2026-06-01T00:00:00Z\" AND event_time<\"2026-06-02T00:00:00Z\"";
const WEEK: &str =
    "state=ACTIVE AND event_time>=\"2026-06-01T00:00:00Z\" AND event_time<\"2026-06-08T00:00:00Z\"";

impl Question {
    /// How long each answer took, the shortest first.
    pub(crate) async fn ask(&self, store: &dyn FindingStore, times: usize) -> Result<Vec<Duration>> {
        let mut took = Vec::with_capacity(times);
        let limit = Instant::now() + Duration::from_secs(20);
        for _ in 0..times {
            let began = Instant::now();
            match &self.kind {
                Kind::List { parent, filter, order } => {
                    let query = ListQuery {
                        filter: filter.parse()?,
                        order_by: order.parse()?,
                        page_size: PageSize::new(50)?,
                        ..ListQuery::new(parent.parse()?)
                    };
                    store.list(query).await?;
                }
                Kind::OverTime { filter, days: (from, until) } => {
                    let range = TimeRange { from: from.parse()?, until: until.parse()? };
                    let query = HistogramQuery {
                        parent: EVERYTHING.parse()?,
                        filter: filter.parse()?,
                        field: OrderField::EventTime,
                        clock: Clock::new(range, 60)?,
                    };
                    store.histogram(query).await?;
                }
                Kind::Group { filter, by } => {
                    let fields: Result<Vec<GroupField>, _> =
                        by.iter().map(|name| Field::named(name).map(GroupField::Field)).collect();
                    let query = GroupQuery {
                        parent: EVERYTHING.parse()?,
                        filter: filter.parse()?,
                        by: fields?,
                        page_size: PageSize::MAX,
                        page_token: None,
                        at: None,
                        compared: None,
                    };
                    store.group(query).await?;
                }
            }
            took.push(began.elapsed());
            if Instant::now() > limit {
                break;
            }
        }
        took.sort();
        Ok(took)
    }
}
