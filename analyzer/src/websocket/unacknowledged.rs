//! Messages whose last byte was not acknowledged yet.

use std::collections::VecDeque;

use crate::{Direction, MessageId, Offset};

/// Those of both directions. Mostly there is one at a time, which takes little room.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged {
    /// `None` also where there are `more`.
    only: Option<(Direction, Offset, MessageId)>,
    more: Option<Box<[Waiting; 2]>>,
}

/// Those of one direction, and where each ends.
#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<(Offset, MessageId)>,
    /// The first one that was forgotten for the others.
    forgotten: Option<(Offset, MessageId)>,
    /// Whether it was acknowledged, so that this was said.
    is_told: bool,
}

impl Unacknowledged {
    /// Remembers a message, and at most so many of a direction.
    pub(super) fn push(
        &mut self,
        direction: Direction,
        end: Offset,
        message: MessageId,
        most: usize,
    ) {
        if most > 0 && self.only.is_none() && self.more.is_none() {
            self.only = Some((direction, end, message));
            return;
        }
        let more = self.more.get_or_insert_default();
        if let Some((direction, end, message)) = self.only.take() {
            more[direction as usize].messages.push_back((end, message));
        }
        let Waiting {
            messages,
            forgotten,
            ..
        } = &mut more[direction as usize];
        messages.push_back((end, message));
        if messages.len() > most {
            let oldest = messages.pop_front();
            *forgotten = forgotten.or(oldest);
        }
    }

    /// The next message that is acknowledged where everything of its direction before `end` is.
    pub(super) fn pop(&mut self, direction: Direction, end: Offset) -> Option<MessageId> {
        let acknowledged = |needed: Offset| needed <= end;
        if let Some(more) = &mut self.more {
            let messages = &mut more[direction as usize].messages;
            let (_, message) = messages.pop_front_if(|(needed, _)| acknowledged(*needed))?;
            return Some(message);
        }
        let only = self
            .only
            .take_if(|(of, needed, _)| *of == direction && acknowledged(*needed));
        only.map(|(_, _, message)| message)
    }

    /// The first message that was forgotten, once it is acknowledged.
    pub(super) fn tell_forgotten(
        &mut self,
        direction: Direction,
        end: Offset,
    ) -> Option<MessageId> {
        let waiting = &mut self.more.as_mut()?[direction as usize];
        let (needed, message) = waiting.forgotten.filter(|_| !waiting.is_told)?;
        waiting.is_told = needed <= end;
        waiting.is_told.then_some(message)
    }

    /// What has to be remembered, in as few bytes as it takes; `None` where nothing has.
    pub(super) fn packed(mut self: Box<Self>) -> Option<Box<Self>> {
        if let Some(more) = &self.more {
            let is_forgetful = more.iter().any(|waiting| waiting.forgotten.is_some());
            let mut all = Direction::BOTH.into_iter().flat_map(|direction| {
                let messages = more[direction as usize].messages.iter();
                messages.map(move |(end, message)| (direction, *end, *message))
            });
            let (only, another) = (all.next(), all.next());
            if is_forgetful || another.is_some() {
                return Some(self);
            }
            (self.only, self.more) = (only, None);
        }
        self.only.is_some().then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;
    use Direction::{ClientToServer as Up, ServerToClient as Down};

    fn pushed(messages: &[(Direction, u64)], most: usize) -> Unacknowledged {
        let mut all = Unacknowledged::default();
        for (number, (direction, end)) in (1..).zip(messages) {
            all.push(*direction, Offset(*end), MessageId(number), most);
        }
        all
    }

    fn popped(all: &mut Unacknowledged, direction: Direction, end: u64) -> Vec<u64> {
        let next = || all.pop(direction, Offset(end));
        iter::from_fn(next).map(|message| message.0).collect()
    }

    #[test]
    fn messages_are_acknowledged_in_order_and_by_their_direction_only() {
        for packs in [false, true] {
            for count in 1..=5 {
                let messages = [(Up, 10), (Down, 5), (Up, 20), (Down, 50), (Up, 30)];
                let mut all = pushed(&messages[..count], 9);
                if packs {
                    all = *Box::new(all).packed().expect("something waits");
                }
                let wanted = |direction, reach| {
                    let ended =
                        |(_, it): &(u64, &(Direction, u64))| it.0 == direction && it.1 <= reach;
                    let all = (1..).zip(&messages[..count]);
                    all.filter(ended)
                        .map(|(number, _)| number)
                        .collect::<Vec<u64>>()
                };
                assert_eq!(popped(&mut all, Up, 9), [0; 0]);
                assert_eq!(popped(&mut all, Up, 20), wanted(Up, 20), "{count}");
                assert_eq!(popped(&mut all, Down, 60), wanted(Down, 60), "{count}");
                assert_eq!(
                    popped(&mut all, Up, 30),
                    wanted(Up, 30)[wanted(Up, 20).len()..]
                );
                assert!(Box::new(all).packed().is_none());
            }
        }
    }

    #[test]
    fn one_message_alone_is_packed_into_few_bytes() {
        let mut all = pushed(&[(Up, 10), (Down, 20), (Up, 30)], 9);
        assert_eq!(popped(&mut all, Up, 10), [1]);
        assert_eq!(popped(&mut all, Up, 30), [3]);
        let packed = Box::new(all).packed().expect("something waits");
        assert!(packed.more.is_none() && size_of::<Unacknowledged>() <= 40);
        assert_eq!(packed.only, Some((Down, Offset(20), MessageId(2))));
    }

    #[test]
    fn of_too_many_the_oldest_is_forgotten_which_is_told_once() {
        for most in [0, 1, 2] {
            let mut all = pushed(&[(Up, 10), (Up, 20), (Up, 30)], most);
            all = *Box::new(all).packed().expect("something waits");
            assert_eq!(all.tell_forgotten(Up, Offset(9)), None);
            assert_eq!(all.tell_forgotten(Down, Offset(90)), None);
            assert_eq!(all.tell_forgotten(Up, Offset(10)), Some(MessageId(1)));
            all = *Box::new(all).packed().expect("something waits");
            assert_eq!(all.tell_forgotten(Up, Offset(30)), None);
            let rest: Vec<u64> = (4 - most as u64..=3).collect();
            assert_eq!(popped(&mut all, Up, 30), rest);
        }
    }
}
