//! Requests that wait for a worker: what a decision waits for before the rest, containers in turn, bounded.
//!
//! One container may ask for more than a worker can do. It then waits behind its own requests, not others' behind it,
//! and when there is no room it is its own requests that are given up.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Containers of which it is known when they had their turn last.
const TURNS_MAX: usize = 1_024;

/// What goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// A decision or a finding waits for it.
    Awaited,
    /// It may be wanted some day.
    Spare,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed<K> {
    /// It waits for its turn.
    Queued,
    /// It waits in the place of another one, which nobody will answer.
    Instead(K),
    /// There is no room.
    Refused,
}

struct Entry<K, T> {
    key: K,
    urgency: Urgency,
    owner: u64,
    item: T,
}

struct Inner<K, T> {
    /// In the order in which they came.
    entries: Vec<Entry<K, T>>,
    /// When each owner had its turn last.
    turns: HashMap<u64, u64>,
    clock: u64,
    closed: bool,
}

/// The queue. Owners are containers, or control groups outside any.
pub(crate) struct FairQueue<K, T> {
    inner: Mutex<Inner<K, T>>,
    filled: Condvar,
    most: usize,
}

impl<K: Copy + Eq + Send + 'static, T: Send + 'static> FairQueue<K, T> {
    pub(crate) fn new(most: usize) -> Self {
        let inner = Inner { entries: Vec::new(), turns: HashMap::new(), clock: 0, closed: false };
        Self { inner: Mutex::new(inner), filled: Condvar::new(), most }
    }

    /// Whether a request would be taken. It stays so until this side pushes: the other one only makes room.
    pub(crate) fn has_room(&self, urgency: Urgency, owner: u64) -> bool {
        let inner = self.lock();
        inner.entries.len() < self.most || inner.victim(urgency, owner).is_some()
    }

    /// Lets a request wait.
    pub(crate) fn push(&self, key: K, urgency: Urgency, owner: u64, item: T) -> Pushed<K> {
        let mut inner = self.lock();
        let mut pushed = Pushed::Queued;
        if inner.entries.len() >= self.most {
            match inner.victim(urgency, owner) {
                Some(at) => pushed = Pushed::Instead(inner.entries.remove(at).key),
                None => return Pushed::Refused,
            }
        }
        inner.entries.push(Entry { key, urgency, owner, item });
        drop(inner);
        self.filled.notify_one();
        pushed
    }

    /// A request that waits already is awaited now. Returns false when it does not wait here.
    pub(crate) fn hasten(&self, key: K, owner: u64) -> bool {
        let mut inner = self.lock();
        let found = inner.entries.iter_mut().find(|entry| entry.key == key);
        found.map(|entry| (entry.urgency, entry.owner) = (Urgency::Awaited, owner)).is_some()
    }

    /// The next request and whose it is; waits for one. `None` when the queue is closed.
    pub(crate) fn pop(&self) -> Option<(u64, T)> {
        let mut inner = self.lock();
        loop {
            if inner.closed {
                return None;
            }
            if let Some(next) = inner.take() {
                return Some(next);
            }
            inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next request, if there is one.
    #[cfg(test)]
    pub(crate) fn try_pop(&self) -> Option<(u64, T)> {
        self.lock().take()
    }

    /// Who waits for requests need wait no longer, and what waits is forgotten.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let entries = std::mem::take(&mut inner.entries);
        drop(inner);
        self.filled.notify_all();
        // closing a file may wait for whoever serves it
        let _ = std::thread::Builder::new().spawn(move || drop(entries));
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K, T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T> Inner<K, T> {
    /// The first of who had its turn longest ago, among the most urgent.
    fn take(&mut self) -> Option<(u64, T)> {
        let turn = |entry: &Entry<K, T>| (entry.urgency, self.turns.get(&entry.owner).copied());
        let (at, _) = self.entries.iter().enumerate().min_by_key(|(at, entry)| (turn(entry), *at))?;
        let entry = self.entries.remove(at);
        self.clock += 1;
        if self.turns.len() >= TURNS_MAX {
            self.turns.clear();
        }
        self.turns.insert(entry.owner, self.clock);
        Some((entry.owner, entry.item))
    }

    /// Which request gives way to a new one: the last of whoever has the most, of the least urgent; not to one that is
    /// less urgent, nor to one whose owner has as many.
    fn victim(&self, urgency: Urgency, owner: u64) -> Option<usize> {
        let least = self.entries.iter().map(|entry| entry.urgency).max()?;
        if least < urgency {
            return None;
        }
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for entry in self.entries.iter().filter(|entry| entry.urgency == least) {
            *counts.entry(entry.owner).or_default() += 1;
        }
        let own = counts.get(&owner).copied().unwrap_or_default();
        let (most, count) = counts.into_iter().max_by_key(|(owner, count)| (*count, *owner))?;
        if least == urgency && count <= own + 1 {
            return None;
        }
        self.entries.iter().rposition(|entry| entry.urgency == least && entry.owner == most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u64 = 1;
    const B: u64 = 2;

    fn order(queue: &FairQueue<u32, u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.try_pop()).map(|(_, item)| item).collect()
    }

    #[test]
    fn what_is_awaited_goes_first_and_owners_in_turn() {
        let queue = FairQueue::new(16);
        for (item, urgency, owner) in [
            (1, Urgency::Spare, A),
            (2, Urgency::Awaited, A),
            (3, Urgency::Awaited, A),
            (4, Urgency::Awaited, B),
            (5, Urgency::Spare, B),
        ] {
            assert_eq!(queue.push(item, urgency, owner, item), Pushed::Queued);
        }
        assert_eq!(order(&queue), [2, 4, 3, 5, 1]);
    }

    #[test]
    fn a_flood_gives_way_to_what_is_awaited_and_to_others_but_not_to_more_of_itself() {
        let queue = FairQueue::new(4);
        for item in 0..4 {
            queue.push(item, Urgency::Spare, A, item);
        }
        assert!(!queue.has_room(Urgency::Spare, A));
        assert_eq!(queue.push(9, Urgency::Spare, A, 9), Pushed::Refused);
        assert!(queue.has_room(Urgency::Spare, B) && queue.has_room(Urgency::Awaited, A));
        assert_eq!(queue.push(4, Urgency::Spare, B, 4), Pushed::Instead(3));
        assert_eq!(queue.push(5, Urgency::Awaited, A, 5), Pushed::Instead(2));
        assert_eq!(order(&queue), [5, 4, 0, 1]);
    }

    #[test]
    fn what_is_awaited_by_one_container_does_not_keep_another_out() {
        let queue = FairQueue::new(4);
        for item in 0..4 {
            queue.push(item, Urgency::Awaited, A, item);
        }
        assert_eq!(queue.push(9, Urgency::Awaited, A, 9), Pushed::Refused);
        assert_eq!(queue.push(4, Urgency::Awaited, B, 4), Pushed::Instead(3));
        assert_eq!(queue.push(5, Urgency::Awaited, B, 5), Pushed::Instead(2));
        assert_eq!(queue.push(6, Urgency::Awaited, B, 6), Pushed::Refused, "half each");
        assert_eq!(queue.push(7, Urgency::Spare, 3, 7), Pushed::Refused, "nor for what is not awaited");
        assert_eq!(order(&queue), [0, 4, 1, 5]);
    }

    #[test]
    fn what_waits_can_be_hastened() {
        let queue = FairQueue::new(4);
        queue.push(1, Urgency::Spare, A, 1);
        queue.push(2, Urgency::Spare, B, 2);
        assert!(queue.hasten(2, B) && !queue.hasten(3, B));
        assert_eq!(order(&queue), [2, 1]);
    }

    #[test]
    fn a_closed_queue_lets_its_worker_go() {
        let queue = FairQueue::new(4);
        queue.push(1, Urgency::Spare, A, 1);
        queue.close();
        assert_eq!(queue.pop(), None);
    }
}
