//! The commands that capture on interfaces, in network namespaces of their own.

/// Namespaces, and commands in them.
mod bench;
/// Inspecting what passes, as it passes.
mod inspecting;
/// Recording.
mod recording;
/// Replaying to live peers, whose connections are captured.
mod replaying;
/// What a command may do once it captures.
mod rights;
