//! Masking (RFC 6455 5.3), which is its own inverse.

/// Unmasks `payload` in place; its first byte is byte `phase` of the frame's payload.
pub(crate) fn unmask(payload: &mut [u8], key: [u8; 4], phase: u64) {
    let turned = turn(key, phase % 4);
    let [a, b, c, d] = turned;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (blocks, tail) = payload.as_chunks_mut::<8>();
    for block in blocks {
        *block = (u64::from_ne_bytes(*block) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(turned.iter().cycle()) {
        *byte ^= key;
    }
}

/// The key as it is met so many bytes behind its first; less than four.
fn turn(key: [u8; 4], bytes: u64) -> [u8; 4] {
    let turned = u32::from_le_bytes(key).rotate_right(8 * bytes as u32);
    turned.to_le_bytes()
}

/// Unmasks a whole `payload` onto the front of `clear`; `None` where there is no room.
///
/// The last block may lie over the one in front of it, so that nothing but the number of blocks depends on the length.
#[inline]
pub(crate) fn unmask_onto(payload: &[u8], key: [u8; 4], clear: &mut [u8]) -> Option<()> {
    let clear = clear.get_mut(..payload.len())?;
    let Some(last) = payload.last_chunk() else {
        clear.copy_from_slice(payload);
        unmask(clear, key, 0);
        return Some(());
    };
    let blocks = payload.as_chunks::<BLOCK>().0.iter();
    for (to, from) in clear.as_chunks_mut::<BLOCK>().0.iter_mut().zip(blocks) {
        *to = unmasked(from, key);
    }
    *clear.last_chunk_mut()? = unmasked(last, turn(key, payload.len() as u64 % 4));
    Some(())
}

/// How many bytes are unmasked at once; the key begins anew with each.
const BLOCK: usize = 32;

#[inline(always)]
fn unmasked(block: &[u8; BLOCK], key: [u8; 4]) -> [u8; BLOCK] {
    let mut clear = *block;
    let (words, _) = clear.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    }
    clear
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_cut_unmasks_to_what_rfc_6455_section_5_3_defines(payload: Vec<u8>, key: [u8; 4], cut: prop::sample::Index) {
            let cut = cut.index(payload.len() + 1);
            let defined: Vec<u8> = payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            let mut pieces = payload.clone();
            let (before, after) = pieces.split_at_mut(cut);
            unmask(before, key, 0);
            unmask(after, key, cut as u64);
            prop_assert_eq!(&pieces, &defined);
            let mut clear = [0; 110];
            let has_room = unmask_onto(&payload, key, &mut clear).is_some();
            prop_assert_eq!(has_room, payload.len() <= 110);
            if has_room {
                prop_assert_eq!(&clear[..payload.len()], &defined);
                prop_assert!(clear[payload.len()..].iter().all(|byte| *byte == 0));
            }
        }
    }
}
