//! What other systems know of a finding, and whom to ask.

use crate::Timestamp;
use crate::wire::message;

message! {
    /// What one other system, such as a ticket system, knows.
    ExternalSystem {
        /// Identity: the finding's name and `/externalSystems/ID`.
        name: String,
        /// Who works on it there.
        assignees: Vec<String>,
        /// Its identity there.
        external_uid: String,
        /// How far it has come there, in that system's words.
        status: String,
        /// When it last changed there.
        external_system_update_time: Option<Timestamp>,
        /// Web page of its case.
        case_uri: String,
        /// How urgent the case is, in that system's words.
        case_priority: String,
        /// When the case must be closed.
        case_sla: Option<Timestamp>,
        /// When the case was opened.
        case_create_time: Option<Timestamp>,
        /// When the case was closed.
        case_close_time: Option<Timestamp>,
        /// Its ticket.
        ticket_info: TicketInfo,
    }
}

message! {
    /// A ticket.
    TicketInfo {
        /// Its identity.
        id: String,
        /// Who works on it.
        assignee: String,
        /// What it says.
        description: String,
        /// Web page.
        uri: String,
        /// How far it has come.
        status: String,
        /// When it last changed.
        update_time: Option<Timestamp>,
    }
}

message! {
    /// Whom to ask.
    ContactDetails {
        /// Each of them.
        contacts: Vec<Contact>,
    }
}

message! {
    /// Somebody to ask.
    Contact {
        /// Address.
        email: String,
    }
}
