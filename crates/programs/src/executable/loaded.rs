//! The parts of an ELF file by which it is known: what its program headers say the loader maps, and the tables that
//! describe it. Bytes that stand anywhere else in the file never reach the process and say nothing about it: whoever
//! can write a file can append to it.

use std::ops::Range;

use object::Endianness;
use object::elf;
use object::read::ReadRef;
use object::read::elf::{FileHeader, ProgramHeader};

/// Reads up to so many bytes of the file from an offset; shorter at its end, empty where it cannot be read.
pub(super) type Read<'r> = &'r mut dyn FnMut(u64, usize) -> Vec<u8>;

/// Bytes of the file's head that are always there: its header, its first line, a packer's mark.
pub(super) const HEAD: usize = 1024;
/// The kernel refuses larger tables of program headers.
const PROGRAM_HEADERS: usize = 64 << 10;
const SECTION_HEADERS: usize = 64 << 10;
/// The loader's tables (`PT_DYNAMIC`, notes, the interpreter's name) are far smaller.
const TABLE: u64 = 64 << 10;
const TABLES: usize = 32;

/// Parts of a file at their places.
pub(super) struct View {
    size: u64,
    pieces: Vec<(u64, Vec<u8>)>,
    /// How many of the pieces, from the first, are what the loader maps.
    loaded: usize,
    /// How many bytes the loader maps, looked at or not.
    mapped: u64,
}

impl View {
    /// Reads what is needed, at most `limit` bytes of what is mapped.
    pub(super) fn new(size: u64, head: Vec<u8>, limit: usize, read: Read<'_>) -> Self {
        let class = head.get(4).copied();
        let view = Self { size, pieces: vec![(0, head)], loaded: 0, mapped: 0 };
        match class {
            Some(1) => view.filled::<elf::FileHeader32<Endianness>>(limit, read),
            Some(2) => view.filled::<elf::FileHeader64<Endianness>>(limit, read),
            _ => view,
        }
    }

    fn filled<H: FileHeader<Endian = Endianness>>(mut self, limit: usize, read: Read<'_>) -> Self {
        let Ok(header) = H::parse(&self) else { return self };
        let Ok(endian) = header.endian() else { return self };
        let table: u64 = header.e_phoff(endian).into();
        let length = usize::from(header.e_phnum(endian)) * usize::from(header.e_phentsize(endian));
        let sections: u64 = header.e_shoff(endian).into();
        let sections_length = usize::from(header.e_shnum(endian)) * usize::from(header.e_shentsize(endian));
        let header = *header;
        self.add(table, length.min(PROGRAM_HEADERS), read);
        let (mut mapped, mut tables) = (Vec::new(), Vec::new());
        for segment in header.program_headers(endian, &self).unwrap_or_default() {
            let start: u64 = segment.p_offset(endian).into();
            let length: u64 = segment.p_filesz(endian).into();
            let end = start.saturating_add(length).min(self.size);
            match segment.p_type(endian) {
                elf::PT_LOAD if start < end => mapped.push(start..end),
                elf::PT_DYNAMIC | elf::PT_INTERP | elf::PT_NOTE
                    if length <= TABLE && tables.len() < TABLES =>
                {
                    tables.push(start..end);
                }
                _ => {}
            }
        }
        let mapped = merged(mapped);
        self.mapped = mapped.iter().map(|r| r.end - r.start).sum();
        let described = std::mem::take(&mut self.pieces);
        for range in shares(&mapped, limit as u64) {
            self.add(range.start, usize::try_from(range.end - range.start).unwrap_or(0), read);
        }
        self.loaded = self.pieces.len();
        self.pieces.extend(described);
        for range in tables {
            self.add(range.start, usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0), read);
        }
        self.add(sections, sections_length.min(SECTION_HEADERS), read);
        self.add(self.size.saturating_sub(HEAD as u64), HEAD, read);
        self
    }

    fn add(&mut self, offset: u64, length: usize, read: Read<'_>) {
        if length > 0 && offset < self.size {
            self.pieces.push((offset, read(offset, length)));
        }
    }

    /// What the loader maps, as far as it was looked at.
    pub(super) fn loaded(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces[..self.loaded].iter().map(|(_, bytes)| bytes.as_slice())
    }

    /// How many bytes were looked at for what they say.
    pub(super) fn examined(&self) -> usize {
        self.loaded().map(<[u8]>::len).sum()
    }

    /// How many bytes of the file the loader maps.
    pub(super) const fn mapped(&self) -> u64 {
        self.mapped
    }

    /// What was read of a range, piece by piece.
    pub(super) fn parts(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> {
        self.pieces[..self.loaded].iter().filter_map(move |(offset, bytes)| {
            let from = usize::try_from(range.start.saturating_sub(*offset)).ok()?;
            let to = usize::try_from(range.end.checked_sub(*offset)?).ok()?.min(bytes.len());
            bytes.get(from..to).filter(|part| !part.is_empty())
        })
    }

    /// What was read from an offset on without a gap.
    pub(super) fn from(&self, offset: u64) -> Option<&[u8]> {
        let ends = |piece: &&(u64, Vec<u8>)| piece.0 <= offset && offset - piece.0 < piece.1.len() as u64;
        let (start, bytes) = self.pieces.iter().find(ends)?;
        bytes.get(usize::try_from(offset - start).ok()?..)
    }

    /// The file's first bytes.
    pub(super) fn head(&self) -> &[u8] {
        self.from(0).map_or(&[], |head| &head[..head.len().min(HEAD)])
    }

    /// The file's last bytes.
    pub(super) fn tail(&self) -> &[u8] {
        self.from(self.size.saturating_sub(HEAD as u64)).unwrap_or_default()
    }
}

impl<'a> ReadRef<'a> for &'a View {
    fn len(self) -> Result<u64, ()> {
        Ok(self.size)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        let size = usize::try_from(size).map_err(|_| ())?;
        if size == 0 {
            return Ok(&[]);
        }
        let holds = |piece: &&'a (u64, Vec<u8>)| {
            let from = offset.checked_sub(piece.0).and_then(|from| usize::try_from(from).ok());
            from.and_then(|from| piece.1.len().checked_sub(from)).is_some_and(|left| left >= size)
        };
        let (start, bytes) = self.pieces.iter().find(holds).ok_or(())?;
        let from = usize::try_from(offset - start).map_err(|_| ())?;
        bytes.get(from..from + size).ok_or(())
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        let rest = self.from(range.start).ok_or(())?;
        let most = usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| ())?;
        let rest = &rest[..rest.len().min(most)];
        rest.iter().position(|b| *b == delimiter).map(|end| &rest[..end]).ok_or(())
    }
}

/// The ranges in order, none twice.
fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|r| r.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// What is looked at where there is more than the limit. Each range has the same share, small ones in whole, so that
/// a large one in front does not hide the others; of a large one the beginning and the end.
fn shares(ranges: &[Range<u64>], limit: u64) -> Vec<Range<u64>> {
    let length = |r: &Range<u64>| r.end - r.start;
    let mut lengths: Vec<u64> = ranges.iter().map(length).collect();
    lengths.sort_unstable();
    let (mut left, mut share) = (limit, u64::MAX);
    for (index, length) in lengths.iter().enumerate() {
        let fair = left / (lengths.len() - index) as u64;
        if *length > fair {
            share = fair;
            break;
        }
        left -= length;
    }
    let parts = ranges.iter().flat_map(|range| {
        if length(range) <= share {
            return [range.clone(), 0..0];
        }
        let half = share / 2;
        [range.start..range.start + half, range.end - half..range.end]
    });
    parts.filter(|part| part.start < part.end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_range_does_not_hide_the_small_ones() {
        assert_eq!(shares(&[0..50, 100..120], 100), [0..50, 100..120]);
        assert_eq!(shares(&[0..5000, 6000..6010], 100), [0..45, 4955..5000, 6000..6010]);
        assert_eq!(merged(vec![5..9, 0..6, 20..21]), [0..9, 20..21]);
        assert!(shares(&[0..10, 20..30], 0).is_empty());
    }
}
