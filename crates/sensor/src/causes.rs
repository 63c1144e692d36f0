//! An error with its causes, for somebody who reads it once.

use std::error::Error;

/// The error's words, then those of each cause that were not said already.
pub fn with_causes(error: &dyn Error) -> String {
    let mut words = error.to_string().trim_end().to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(more.trim_end()) {
            words += &format!(": {}", more.trim_end());
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::with_causes;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    enum Example {
        #[error("recording x")]
        Short(#[source] io::Error),
        #[error("recording x ({0}).\nMore:\n")]
        Long(#[source] io::Error),
    }

    #[test]
    fn a_cause_is_said_once() {
        let no = || io::Error::other("no");
        assert_eq!(with_causes(&Example::Short(no())), "recording x: no");
        assert_eq!(with_causes(&Example::Long(no())), "recording x (no).\nMore:");
    }
}
