//! Facts of an ELF file's headers. Only program headers are trusted for structure: the kernel runs by them, and
//! section headers can be removed or forged.

use event::Text;
use object::Endianness;
use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

/// How a program is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    /// Runs without a dynamic loader, at a fixed address.
    Static,
    /// Runs without a dynamic loader, at any address.
    StaticPie,
    /// Needs a dynamic loader, runs at a fixed address.
    Dynamic,
    /// Needs a dynamic loader, runs at any address.
    DynamicPie,
    /// A relocatable object, a core file or something else that is not run.
    NotRun,
}

/// Why a file seems to be packed: its strings then say nothing about what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// It carries the marks of the UPX packer.
    Upx,
    /// Its executable bytes are nearly random, as compressed or encrypted bytes are.
    HighEntropy,
}

/// Facts of an ELF file's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfFacts {
    /// How it is linked.
    pub linkage: Linkage,
    /// The dynamic loader that it asks for (`PT_INTERP`).
    pub interpreter: Option<Text>,
    /// The build identifier's bytes.
    pub build_id: Option<Vec<u8>>,
    /// Whether the symbol table was removed (or the section headers that would show it).
    pub stripped: bool,
    /// The libraries that it needs (`DT_NEEDED`), at most 256.
    pub needed: Vec<Text>,
    /// The name under which other files need it (`DT_SONAME`).
    pub soname: Option<Text>,
    /// Why it seems to be packed, if it does.
    pub packing: Option<Packing>,
}

const NEEDED_LIMIT: usize = 256;
/// Machine code measures 5.5 to 6.5 bits per byte, compressed bytes more than 7.8.
const RANDOM_BITS_PER_BYTE: f64 = 7.4;
/// Fewer bytes than this say nothing about randomness.
const ENTROPY_MINIMUM: usize = 8 << 10;
const ENTROPY_SAMPLE: usize = 256 << 10;

/// The facts, or nothing where the headers cannot be read.
pub(super) fn facts(content: &[u8]) -> Option<ElfFacts> {
    match content.get(4)? {
        1 => read(elf::FileHeader32::<Endianness>::parse(content).ok()?, content),
        2 => read(elf::FileHeader64::<Endianness>::parse(content).ok()?, content),
        _ => None,
    }
}

fn read<H: FileHeader<Endian = Endianness>>(header: &H, content: &[u8]) -> Option<ElfFacts> {
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, content).unwrap_or_default();
    let interpreter = segments.iter().find_map(|s| s.interpreter(endian, content).ok().flatten());
    let build_id = segments.iter().find_map(|s| {
        let mut notes = s.notes(endian, content).ok().flatten()?;
        while let Ok(Some(note)) = notes.next() {
            if note.name() == b"GNU" && note.n_type(endian) == elf::NT_GNU_BUILD_ID {
                return Some(note.desc().to_vec());
            }
        }
        None
    });
    let (needed, soname) = dynamic(segments, endian, content);
    let linkage = match (header.e_type(endian), interpreter.is_some()) {
        (elf::ET_EXEC, false) => Linkage::Static,
        (elf::ET_EXEC, true) => Linkage::Dynamic,
        (elf::ET_DYN, false) => Linkage::StaticPie,
        (elf::ET_DYN, true) => Linkage::DynamicPie,
        _ => Linkage::NotRun,
    };
    let stripped = header
        .sections(endian, content)
        .and_then(|sections| sections.symbols(endian, content, elf::SHT_SYMTAB))
        .map_or(true, |symbols| symbols.is_empty());
    let packing = packing(segments, endian, content);
    Some(ElfFacts {
        linkage,
        interpreter: interpreter.map(Text::new),
        build_id,
        stripped,
        needed,
        soname,
        packing,
    })
}

fn dynamic<P: ProgramHeader<Endian = Endianness>>(
    segments: &[P],
    endian: Endianness,
    content: &[u8],
) -> (Vec<Text>, Option<Text>) {
    let Some(entries) = segments.iter().find_map(|s| s.dynamic(endian, content).ok().flatten()) else {
        return (Vec::new(), None);
    };
    let value = |tag: elf::DynamicTag| entries.iter().find(|e| e.tag(endian) == tag).map(|e| e.val(endian));
    let strings = value(elf::DT_STRTAB).and_then(|address| at_address(segments, endian, content, address));
    let Some(strings) = strings else {
        return (Vec::new(), None);
    };
    let string = |offset: u64| {
        let tail = strings.get(usize::try_from(offset).ok()?..)?;
        let end = tail.iter().take(4096).position(|b| *b == 0)?;
        Some(Text::new(&tail[..end]))
    };
    let needed = entries
        .iter()
        .filter(|e| e.tag(endian) == elf::DT_NEEDED)
        .filter_map(|e| string(e.val(endian)))
        .take(NEEDED_LIMIT)
        .collect();
    (needed, value(elf::DT_SONAME).and_then(string))
}

/// The file's bytes from a virtual address to the end of its segment.
fn at_address<'a, P: ProgramHeader<Endian = Endianness>>(
    segments: &[P],
    endian: Endianness,
    content: &'a [u8],
    address: u64,
) -> Option<&'a [u8]> {
    segments.iter().filter(|s| s.p_type(endian) == elf::PT_LOAD).find_map(|s| {
        let start: u64 = s.p_vaddr(endian).into();
        let data = s.data(endian, content).ok()?;
        data.get(usize::try_from(address.checked_sub(start)?).ok()?..)
    })
}

fn packing<P: ProgramHeader<Endian = Endianness>>(
    segments: &[P],
    endian: Endianness,
    content: &[u8],
) -> Option<Packing> {
    // UPX leaves its mark behind the program headers and in its trailer at the end of the file.
    const MARK: [u8; 4] = [b'U', b'P', b'X', b'!'];
    let head = content.get(..1024).unwrap_or(content);
    let tail = &content[content.len().saturating_sub(1024)..];
    if [head, tail].iter().any(|part| part.windows(4).any(|w| w == MARK)) {
        return Some(Packing::Upx);
    }
    segments
        .iter()
        .filter(|s| s.p_type(endian) == elf::PT_LOAD && s.p_flags(endian).0 & elf::PF_X.0 != 0)
        .filter_map(|s| s.data(endian, content).ok())
        .any(|code| code.len() >= ENTROPY_MINIMUM && bits_per_byte(code) > RANDOM_BITS_PER_BYTE)
        .then_some(Packing::HighEntropy)
}

/// Shannon entropy of a sample taken evenly from the bytes.
fn bits_per_byte(bytes: &[u8]) -> f64 {
    let step = bytes.len().div_ceil(ENTROPY_SAMPLE).max(1);
    let mut counts = [0u32; 256];
    for byte in bytes.iter().step_by(step) {
        counts[usize::from(*byte)] += 1;
    }
    let total = f64::from(counts.iter().sum::<u32>());
    counts
        .iter()
        .filter(|c| **c > 0)
        .map(|c| {
            let share = f64::from(*c) / total;
            -share * share.log2()
        })
        .sum()
}
