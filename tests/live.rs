//! The commands that capture on interfaces, in network namespaces of their own.

/// Namespaces, and commands in them.
mod bench;
/// Recording.
mod recording;
/// What a command may do once it captures.
mod rights;
