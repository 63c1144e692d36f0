//! Where data comes from.

use super::Verdict;

/// Where data may come from: for each descriptor that the commands were started with, and for the network, whether it
/// does, or whether a program that this module does not know read from there and wrote something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::script) struct Origin {
    certain: u32,
    perhaps: u32,
}

/// Descriptors from this one on share one place: nothing else would use them.
const HIGHEST: u32 = 15;
const NETWORK: u32 = 1 << 16;
/// From a connection, to a program that reads its commands there itself.
const HANDED_ON: u32 = 1 << 17;

impl Origin {
    pub(in crate::script) const ELSEWHERE: Self = Self { certain: 0, perhaps: 0 };
    /// A connection that the commands opened themselves.
    pub(in crate::script) const NETWORK: Self = Self { certain: NETWORK, perhaps: 0 };

    pub(in crate::script) fn descriptor(number: u32) -> Self {
        Self { certain: 1 << number.min(HIGHEST), perhaps: 0 }
    }

    pub(in crate::script) const fn and(self, other: Self) -> Self {
        Self { certain: self.certain | other.certain, perhaps: self.perhaps | other.perhaps }
    }

    /// What an unknown program writes that read this.
    pub(in crate::script) const fn doubtful(self) -> Self {
        Self { certain: 0, perhaps: self.certain | self.perhaps }
    }

    /// What is read from a pipe that this came through.
    pub(in crate::script) const fn certainly(self) -> Self {
        Self { certain: self.certain | self.perhaps, perhaps: 0 }
    }

    /// Whether it is input for certain.
    pub(in crate::script) const fn is_input(self) -> bool {
        self.certain != 0
    }

    /// Whether it is input, perhaps.
    pub(in crate::script) const fn may_be_input(self) -> bool {
        self.certain | self.perhaps != 0
    }

    /// As if no connection had been read.
    pub(in crate::script) const fn without_network(self) -> Self {
        Self { certain: self.certain & !NETWORK, perhaps: self.perhaps & !NETWORK }
    }

    /// What is executed by another program, which reads it from there.
    pub(in crate::script) const fn handed_on(self) -> Self {
        if (self.certain | self.perhaps) & NETWORK == 0 {
            return self;
        }
        let left = self.without_network();
        Self { certain: left.certain | HANDED_ON, ..left }
    }

    pub(in crate::script) const fn has_network(self) -> bool {
        (self.certain | self.perhaps) & (NETWORK | HANDED_ON) != 0
    }

    const fn has_network_itself(self) -> bool {
        (self.certain | self.perhaps) & NETWORK != 0
    }

    /// The lowest of the descriptors.
    pub(in crate::script) fn lowest(self) -> Option<u32> {
        let descriptors = (self.certain | self.perhaps) & (NETWORK - 1);
        (descriptors != 0).then(|| descriptors.trailing_zeros())
    }
}

impl Origin {
    /// What executing data from here means. `high` is the descriptor that stands for all that share a place.
    pub(in crate::script) fn verdict(self, high: Option<u32>, undecided: bool) -> Verdict {
        let descriptor = self.lowest().map(|n| if n < HIGHEST { n } else { high.unwrap_or(n) });
        Verdict { descriptor, network: self.has_network(), itself: self.has_network_itself(), undecided }
    }
}

/// Where each descriptor leads.
#[derive(Debug, Clone, Copy)]
pub(in crate::script) struct Descriptors([Origin; HIGHEST as usize + 1]);

impl Descriptors {
    /// As commands are started: descriptors above 2 are inherited from nobody knows where.
    pub(in crate::script) fn inherited() -> Self {
        Self(std::array::from_fn(|n| Origin::descriptor(n as u32)))
    }

    /// None leads anywhere.
    pub(in crate::script) const fn closed() -> Self {
        Self([Origin::ELSEWHERE; HIGHEST as usize + 1])
    }

    pub(in crate::script) fn of(&self, number: u32) -> Origin {
        self.0[number.min(HIGHEST) as usize]
    }

    pub(in crate::script) fn set(&mut self, number: u32, origin: Origin) {
        let place = &mut self.0[number.min(HIGHEST) as usize];
        // Those that share a place: where any of them leads.
        *place = if number < HIGHEST { origin } else { place.and(origin) };
    }

    /// Any of those that a number in a variable may be; a connection, where one was opened.
    pub(in crate::script) fn any(&self) -> Origin {
        let all = self.0[3..].iter().fold(Origin::ELSEWHERE, |all, one| all.and(*one));
        if all.has_network() { Origin::NETWORK } else { all }
    }
}
