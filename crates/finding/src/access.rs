//! Who called what, where a finding rests on an audit log.

use crate::wire::message;

message! {
    /// An access that led to the finding.
    Access {
        /// Account that called, when it is an account.
        principal_email: String,
        /// Address of the caller.
        caller_ip: String,
        /// Where that address is.
        caller_ip_geo: Geolocation,
        /// What kind of program called.
        user_agent_family: String,
        /// What the caller said it is: the caller writes this.
        user_agent: String,
        /// Service that was called.
        service_name: String,
        /// Method that was called.
        method_name: String,
        /// Subject that called, when it is not an account.
        principal_subject: String,
        /// User name, where there is no account (`system:serviceaccount:…`).
        user_name: String,
    }
}

message! {
    /// A place.
    Geolocation {
        /// CLDR region code.
        region_code: String,
    }
}
