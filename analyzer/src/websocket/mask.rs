//! Masking (RFC 6455 5.3), which is its own inverse.

/// Unmasks `payload` in place; its first byte is byte `phase` of the frame's payload.
pub(crate) fn unmask(payload: &mut [u8], key: [u8; 4], phase: u64) {
    let turn = (phase % 4) as usize;
    let mut turned = key;
    turned.rotate_left(turn);
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
            prop_assert_eq!(pieces, defined);
        }
    }
}
