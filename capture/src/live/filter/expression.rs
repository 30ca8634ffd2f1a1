//! And, or, not; over whatever is asked of a packet.

/// A condition made of simpler ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression<T> {
    /// One that is not made of others.
    Leaf(T),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    /// One that no packet fulfils.
    Never,
}

impl<T> Expression<T> {
    pub(super) fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    pub(super) fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The same with something else for every leaf.
    pub(super) fn map<U>(&self, leaf: &impl Fn(&T) -> Expression<U>) -> Expression<U> {
        match self {
            Self::Leaf(one) => leaf(one),
            Self::And(one, other) => one.map(leaf).and(other.map(leaf)),
            Self::Or(one, other) => one.map(leaf).or(other.map(leaf)),
            Self::Not(one) => one.map(leaf).negated(),
            Self::Never => Expression::Never,
        }
    }
}
