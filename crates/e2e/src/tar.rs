//! Writes tar archives: regular files, folders and links, owned by root, without times, so that equal content gives
//! equal bytes.

const BLOCK: usize = 512;

/// An archive that is being written.
#[derive(Debug, Default)]
pub(crate) struct Tar(Vec<u8>);

impl Tar {
    /// Adds a folder.
    pub(crate) fn folder(&mut self, path: &str, mode: u32) {
        self.entry(&format!("{path}/"), b'5', mode, "", b"");
    }

    /// Adds a regular file.
    pub(crate) fn file(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.entry(path, b'0', mode, "", content);
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.entry(path, b'2', 0o777, target, b"");
    }

    /// The whole archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 2 * BLOCK, 0);
        self.0
    }

    fn entry(&mut self, path: &str, kind: u8, mode: u32, target: &str, content: &[u8]) {
        // A name that does not fit goes before the entry as a file of its own (GNU's way).
        for (name, kind) in [(target, b'K'), (path, b'L')] {
            if name.len() > 100 {
                self.header("././@LongLink", kind, 0o644, "", name.len());
                self.content(name.as_bytes());
            }
        }
        self.header(path, kind, mode, target, content.len());
        self.content(content);
    }

    fn header(&mut self, path: &str, kind: u8, mode: u32, target: &str, size: usize) {
        let mut block = [0_u8; BLOCK];
        let mut put = |at: usize, bytes: &[u8], most: usize| {
            let length = bytes.len().min(most);
            block[at..at + length].copy_from_slice(&bytes[..length]);
        };
        put(0, path.as_bytes(), 100);
        put(100, format!("{mode:07o}").as_bytes(), 7);
        put(108, b"0000000", 7);
        put(116, b"0000000", 7);
        put(124, format!("{size:011o}").as_bytes(), 11);
        put(136, b"00000000000", 11);
        put(148, b"        ", 8);
        put(156, &[kind], 1);
        put(157, target.as_bytes(), 100);
        put(257, b"ustar  \0", 8);
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.extend_from_slice(&block);
    }

    fn content(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
    }
}
