//! Facts of an ELF file's headers. Only program headers are trusted for structure: the kernel runs by them, and
//! section headers can be removed or forged.

use event::Text;
use object::Endianness;
use object::elf;
use object::pod::slice_from_bytes;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, Sym};

use super::loaded::View;
use super::{Kind, Strength};

/// How a program is linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    #[default]
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

/// What the first lines of an ELF file's header say, by their numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header {
    /// Whether it is of 64 bits; of 32 otherwise.
    pub is_64: bool,
    /// For which processor (`e_machine`).
    pub machine: u16,
    /// What kind of file (`e_type`).
    pub file_type: u16,
}

impl Header {
    /// `ELF32` or `ELF64`.
    pub const fn class(self) -> &'static str {
        if self.is_64 { "ELF64" } else { "ELF32" }
    }

    /// The processor as `uname -m` calls it; nothing for one that Linux hardly runs on.
    pub fn machine_name(self) -> Option<&'static str> {
        Some(match elf::Machine(self.machine) {
            elf::EM_X86_64 => "x86_64",
            elf::EM_AARCH64 => "aarch64",
            elf::EM_386 => "i386",
            elf::EM_ARM => "arm",
            elf::EM_RISCV if self.is_64 => "riscv64",
            elf::EM_RISCV => "riscv32",
            elf::EM_PPC64 => "ppc64",
            elf::EM_PPC => "ppc",
            elf::EM_S390 => "s390x",
            elf::EM_MIPS => "mips",
            elf::EM_LOONGARCH => "loongarch",
            elf::EM_SPARCV9 => "sparc64",
            _ => return None,
        })
    }

    /// The kind of file, as `elf.h` names it; nothing for one that it does not name.
    pub fn type_name(self) -> Option<&'static str> {
        Some(match elf::FileType(self.file_type) {
            elf::ET_NONE => "NONE",
            elf::ET_REL => "REL",
            elf::ET_EXEC => "EXEC",
            elf::ET_DYN => "DYN",
            elf::ET_CORE => "CORE",
            _ => return None,
        })
    }
}

/// Facts of an ELF file's headers, and what its content says beside the one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ElfFacts {
    /// What it is and for which processor.
    pub header: Header,
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
    /// How many bytes of the file the loader maps; the rest is never seen by the process.
    pub mapped: u64,
    /// What speaks for the kind that it was recognised as.
    pub strength: Strength,
    /// What else its strings say it is. A genuine program is one thing: a file with several readings
    /// was made to be mistaken, and none of them may make anything quiet.
    pub also: Vec<Kind>,
}

/// Undefined dynamic symbols that are looked at.
const SYMBOLS_LIMIT: usize = 8192;
const NEEDED_LIMIT: usize = 256;
/// Machine code measures 5.5 to 6.5 bits per byte, compressed bytes more than 7.8.
const RANDOM_BITS_PER_BYTE: f64 = 7.4;
/// Fewer bytes than this say nothing about randomness.
const ENTROPY_MINIMUM: usize = 8 << 10;
const ENTROPY_SAMPLE: usize = 256 << 10;

/// The facts and the names that the file imports, or nothing where the headers cannot be read.
pub(super) fn facts(view: &View) -> Option<(ElfFacts, Vec<&[u8]>)> {
    match view.head().get(4)? {
        1 => read(elf::FileHeader32::<Endianness>::parse(view).ok()?, view),
        2 => read(elf::FileHeader64::<Endianness>::parse(view).ok()?, view),
        _ => None,
    }
}

fn read<'v, H: FileHeader<Endian = Endianness>>(
    header: &'v H,
    view: &'v View,
) -> Option<(ElfFacts, Vec<&'v [u8]>)> {
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, view).unwrap_or_default();
    let interpreter = segments.iter().find_map(|s| s.interpreter(endian, view).ok().flatten());
    let build_id = segments.iter().find_map(|s| {
        let mut notes = s.notes(endian, view).ok().flatten()?;
        while let Ok(Some(note)) = notes.next() {
            if note.name() == b"GNU" && note.n_type(endian) == elf::NT_GNU_BUILD_ID {
                return Some(note.desc().to_vec());
            }
        }
        None
    });
    let dynamic = dynamic::<H>(segments, endian, view);
    let linkage = match (header.e_type(endian), interpreter.is_some()) {
        (elf::ET_EXEC, false) => Linkage::Static,
        (elf::ET_EXEC, true) => Linkage::Dynamic,
        (elf::ET_DYN, false) => Linkage::StaticPie,
        (elf::ET_DYN, true) => Linkage::DynamicPie,
        _ => Linkage::NotRun,
    };
    let has_symbols = header.section_headers(endian, view).is_ok_and(|all| {
        all.iter().any(|s| s.sh_type(endian) == elf::SHT_SYMTAB && s.sh_size(endian).into() > 0)
    });
    let facts = ElfFacts {
        header: Header {
            is_64: header.is_class_64(),
            machine: header.e_machine(endian).0,
            file_type: header.e_type(endian).0,
        },
        linkage,
        interpreter: interpreter.map(Text::new),
        build_id,
        stripped: !has_symbols,
        needed: dynamic.needed,
        soname: dynamic.soname,
        packing: packing(segments, endian, view),
        mapped: view.mapped(),
        strength: Strength::Strings,
        also: Vec::new(),
    };
    Some((facts, dynamic.imports))
}

/// What the dynamic section says.
#[derive(Default)]
struct Dynamic<'v> {
    needed: Vec<Text>,
    soname: Option<Text>,
    /// Names of undefined symbols.
    imports: Vec<&'v [u8]>,
}

fn dynamic<'v, H: FileHeader<Endian = Endianness>>(
    segments: &[H::ProgramHeader],
    endian: Endianness,
    view: &'v View,
) -> Dynamic<'v> {
    let Some(entries) = segments.iter().find_map(|s| s.dynamic(endian, view).ok().flatten()) else {
        return Dynamic::default();
    };
    let value = |tag: elf::DynamicTag| -> Option<u64> {
        entries.iter().find(|e| e.tag(endian) == tag).map(|e| e.val(endian))
    };
    let table = value(elf::DT_STRTAB);
    let Some(strings) = table.and_then(|address| at_address(segments, endian, view, address)) else {
        return Dynamic::default();
    };
    let string = |offset: u64| {
        let tail = strings.get(usize::try_from(offset).ok()?..)?;
        let end = tail.iter().take(4096).position(|b| *b == 0)?;
        Some(&tail[..end])
    };
    let needed = entries
        .iter()
        .filter(|e| e.tag(endian) == elf::DT_NEEDED)
        .filter_map(|e| string(e.val(endian)).map(Text::new))
        .take(NEEDED_LIMIT)
        .collect();
    // No entry counts the symbols; the strings follow them in what every linker writes.
    let symbols = value(elf::DT_SYMTAB).and_then(|at| {
        let room = usize::try_from(table?.checked_sub(at)?).ok()?;
        let bytes = at_address(segments, endian, view, at)?;
        let count = room.min(bytes.len()) / size_of::<H::Sym>();
        Some(slice_from_bytes::<H::Sym>(bytes, count.min(SYMBOLS_LIMIT)).ok()?.0)
    });
    let imports = symbols.unwrap_or_default().iter().filter(|s| s.st_shndx(endian) == elf::SHN_UNDEF);
    let imports = imports.filter_map(|s| string(s.st_name(endian).into())).collect();
    Dynamic { needed, soname: value(elf::DT_SONAME).and_then(string).map(Text::new), imports }
}

/// The file's bytes from a virtual address on, as far as they were read.
fn at_address<'v, P: ProgramHeader<Endian = Endianness>>(
    segments: &[P],
    endian: Endianness,
    view: &'v View,
    address: u64,
) -> Option<&'v [u8]> {
    segments.iter().filter(|s| s.p_type(endian) == elf::PT_LOAD).find_map(|s| {
        let inside = address.checked_sub(s.p_vaddr(endian).into())?;
        let left = Into::<u64>::into(s.p_filesz(endian)).checked_sub(inside).filter(|left| *left > 0)?;
        let bytes = view.from(Into::<u64>::into(s.p_offset(endian)).checked_add(inside)?)?;
        Some(&bytes[..bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX))])
    })
}

fn packing<P: ProgramHeader<Endian = Endianness>>(
    segments: &[P],
    endian: Endianness,
    view: &View,
) -> Option<Packing> {
    // UPX leaves its mark behind the program headers and in its trailer at the end of the file.
    const MARK: [u8; 4] = [b'U', b'P', b'X', b'!'];
    if [view.head(), view.tail()].iter().any(|part| part.windows(4).any(|w| w == MARK)) {
        return Some(Packing::Upx);
    }
    segments
        .iter()
        .filter(|s| s.p_type(endian) == elf::PT_LOAD && s.p_flags(endian).0 & elf::PF_X.0 != 0)
        .flat_map(|s| {
            let start: u64 = s.p_offset(endian).into();
            view.parts(start..start.saturating_add(s.p_filesz(endian).into()))
        })
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
