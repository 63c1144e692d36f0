//! The processes of a finding as a tree.

use crate::inert::line;
use ::findings::shell_quote;
use finding::Process;
use std::collections::HashSet;
use std::fmt::Write as _;

/// Of a command in the tree.
const TREE_CHARACTERS: usize = 160;

/// Writes the tree, the outermost ancestor first; `*` marks the process that the finding is about. What a process ran
/// before stands below what it runs.
pub(crate) fn tree(out: &mut String, processes: &[Process]) {
    let mut written = HashSet::new();
    for (at, process) in processes.iter().enumerate() {
        let has_parent = processes.iter().any(|p| p.pid == process.parent_pid && p.pid != process.pid);
        let is_earlier = processes[..at].iter().any(|p| p.pid == process.pid);
        if !has_parent && !is_earlier {
            branch(out, processes, at, 0, &mut written);
        }
    }
    // a circle of parents cannot happen on one machine at one time; what is left is still shown
    for at in 0..processes.len() {
        branch(out, processes, at, 0, &mut written);
    }
}

fn branch(out: &mut String, processes: &[Process], at: usize, depth: usize, written: &mut HashSet<usize>) {
    if !written.insert(at) {
        return;
    }
    let process = &processes[at];
    let stem = if depth == 0 { String::new() } else { format!("{}└─ ", "   ".repeat(depth - 1)) };
    let mark = if at == 0 { "* " } else { "  " };
    let user = process.user_id.map(|user| format!(" user {user}")).unwrap_or_default();
    let _ = writeln!(
        out,
        "  {mark}{stem}{} pid {}{user}: {}",
        line(&process.name),
        process.pid,
        shortened(&command(process), TREE_CHARACTERS)
    );
    for earlier in (at + 1..processes.len()).filter(|earlier| processes[*earlier].pid == process.pid) {
        if written.insert(earlier) {
            let command = shortened(&command(&processes[earlier]), TREE_CHARACTERS);
            let indent = "   ".repeat(depth);
            let _ = writeln!(out, "    {indent}(before: {}: {command})", line(&processes[earlier].name));
        }
    }
    let below = (0..processes.len())
        .filter(|child| processes[*child].parent_pid == process.pid && processes[*child].pid != process.pid);
    for child in below.collect::<Vec<_>>() {
        branch(out, processes, child, depth + 1, written);
    }
}

/// The arguments, quoted so that they can be read and pasted without doing anything else.
pub(crate) fn command(process: &Process) -> String {
    let quoted: Vec<String> = process.args.iter().map(|arg| shell_quote(arg.as_bytes())).collect();
    let more = if process.arguments_truncated { " … (more were cut)" } else { "" };
    if quoted.is_empty() { "(arguments not known)".to_owned() } else { quoted.join(" ") + more }
}

/// Whoever wrote the text does not decide how much of the screen it takes. What is cut is in the JSON.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{} … ({more} characters more: -o json)", &text[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{shortened, tree};
    use finding::Process;

    fn process(name: &str, pid: i64, parent_pid: i64, args: &[&str]) -> Process {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Process { name: name.to_owned(), pid, parent_pid, args, ..Process::default() }
    }

    #[test]
    fn the_shell_hangs_below_who_opened_it() {
        let list = [
            process("sh", 12, 11, &["sh"]),
            process("socat", 11, 10, &["socat", "TCP:192.0.2.1:1", "EXEC:sh \u{1b}[2J"]),
            process("entry", 10, 1, &["/entry"]),
        ];
        let mut out = String::new();
        tree(&mut out, &list);
        assert_eq!(
            out,
            "    entry pid 10: /entry\n    └─ socat pid 11: socat TCP:192.0.2.1:1 $'EXEC:sh \\x1b[2J'\n  *    └─ sh pid 12: sh\n"
        );
    }

    #[test]
    fn an_earlier_image_and_a_circle_are_each_shown_once() {
        let list = [process("sh", 5, 6, &[]), process("socat", 5, 6, &[]), process("x", 6, 5, &[])];
        let mut out = String::new();
        tree(&mut out, &list);
        assert_eq!(out.lines().count(), 3, "{out}");
        let list = [process("sh", 5, 4, &["sh"]), process("bash", 5, 4, &["bash", "-c", "exec sh"])];
        let mut out = String::new();
        tree(&mut out, &list);
        assert_eq!(out, "  * sh pid 5: sh\n    (before: bash: bash -c 'exec sh')\n");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äöü … (1 characters more: -o json)");
    }
}
