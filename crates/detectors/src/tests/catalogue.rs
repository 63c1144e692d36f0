use crate::catalogue;
use std::collections::HashSet;

#[test]
fn every_detector_says_what_it_is() {
    let mut modules = HashSet::new();
    let mut categories = HashSet::new();
    for detector in catalogue() {
        let m = detector.metadata();
        assert!(modules.insert(m.module), "{} twice", m.module);
        assert!(categories.insert(m.category), "{} twice", m.category);
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        assert!(m.module.chars().all(upper), "{}", m.module);
        assert!(
            m.prose.split("\n\n").count() >= 2,
            "{}: prose says what, how, and when it is quiet",
            m.module
        );
        assert!(m.prose.contains("Quiet"), "{}: prose says when it is quiet", m.module);
        assert!(!m.techniques.is_empty() && !m.needs.is_empty() && !m.evidence.is_empty());
        for technique in m.techniques {
            let parent = technique.parent();
            assert!(
                parent.is_none_or(|p| m.techniques.contains(&p)),
                "{}: {technique:?} without its parent",
                m.module
            );
        }
        assert!(
            m.reproduction.contains("{PORT}"),
            "{}: the reproduction uses a listener of the test's own",
            m.module
        );
    }
}
