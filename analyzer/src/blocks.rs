//! Places for many things of one kind, in blocks that never move: what grows is neither copied nor needs twice the memory,
//! and what is gone leaves a place of the right size.

/// How many places a block has.
const BLOCK: usize = 64;

/// Numbered places.
#[derive(Debug)]
pub(crate) struct Blocks<T>(Vec<Vec<Option<T>>>);

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Blocks<T> {
    /// How many places there are.
    pub(crate) fn len(&self) -> usize {
        let whole = self.0.len().saturating_sub(1) * BLOCK;
        self.0.last().map_or(0, |last| whole + last.len())
    }

    /// Adds an empty place.
    pub(crate) fn grow(&mut self) {
        match self.0.last_mut().filter(|last| last.len() < BLOCK) {
            Some(last) => last.push(None),
            None => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(None);
                self.0.push(block);
            }
        }
    }

    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        let place = place as usize;
        self.0.get(place / BLOCK)?.get(place % BLOCK)?.as_ref()
    }

    /// Puts something in a place, which is added with those before it where there is none.
    pub(crate) fn put(&mut self, place: u32, put: T) {
        while self.len() <= place as usize {
            self.grow();
        }
        if let Some(slot) = self.slot(place) {
            *slot = Some(put);
        }
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.slot(place)?.as_mut()
    }

    /// A place, for whatever is to be in it.
    pub(crate) fn slot(&mut self, place: u32) -> Option<&mut Option<T>> {
        let place = place as usize;
        self.0.get_mut(place / BLOCK)?.get_mut(place % BLOCK)
    }
}

/// Places that are given to whoever comes, and used again.
#[derive(Debug)]
pub(crate) struct Store<T> {
    blocks: Blocks<T>,
    free: Vec<u32>,
}

/// A place in a [`Store`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored(u32);

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            blocks: Blocks::default(),
            free: Vec::new(),
        }
    }
}

impl<T> Store<T> {
    /// Puts something in; where. `None` where four billion are there.
    pub(crate) fn put(&mut self, stored: T) -> Option<Stored> {
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let place = u32::try_from(self.blocks.len()).ok()?;
                self.blocks.grow();
                place
            }
        };
        *self.blocks.slot(place)? = Some(stored);
        Some(Stored(place))
    }

    pub(crate) fn get(&self, Stored(place): Stored) -> Option<&T> {
        self.blocks.get(place)
    }

    /// What lies there.
    pub(crate) fn get_mut(&mut self, Stored(place): Stored) -> Option<&mut T> {
        self.blocks.slot(place)?.as_mut()
    }

    /// All that is in it.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.blocks.0.iter().flatten().flatten()
    }

    /// Takes it out.
    pub(crate) fn take(&mut self, Stored(place): Stored) -> Option<T> {
        let stored = self.blocks.slot(place)?.take();
        self.free.push(place);
        stored
    }
}
