//! What the blocks of a pcapng file say in words: who captured, on which interface, with which filter, and comments
//! (draft-ietf-opsawg-pcapng 3.5, 4.1, 4.2).

use pcap_parser::{InterfaceDescriptionBlock, OptionCode, PcapNGOption, SectionHeaderBlock};
use wireseam_wire::LinkType;

use crate::{Interface, Section};

/// What a section says of its maker (4.1).
pub(super) fn section(header: &SectionHeaderBlock<'_>) -> Section {
    Section {
        hardware: words(&header.options, OptionCode::ShbHardware),
        os: words(&header.options, OptionCode::ShbOs),
        application: words(&header.options, OptionCode::ShbUserAppl),
    }
}

/// What is said of an interface (4.2); `number` is its own in the capture.
pub(super) fn interface(block: &InterfaceDescriptionBlock<'_>, number: u32) -> Interface {
    Interface {
        number,
        link: LinkType::from(block.linktype.0.cast_unsigned()),
        snaplen: Some(block.snaplen).filter(|len| *len > 0),
        name: words(&block.options, OptionCode::IfName),
        description: words(&block.options, OptionCode::IfDescription),
        filter: filter(&block.options),
        os: words(&block.options, OptionCode::IfOs),
        hardware: words(&block.options, IF_HARDWARE),
        counters: Default::default(),
    }
}

/// Hands over each comment (3.5.1).
pub(super) fn comments(options: &[PcapNGOption<'_>], mut take: impl FnMut(&[u8])) {
    let ended = options
        .iter()
        .take_while(|option| option.code != OptionCode::EndOfOpt);
    for option in ended.filter(|option| option.code == OptionCode::Comment) {
        if let Ok(text) = option.as_bytes() {
            take(text);
        }
    }
}

/// The first option of a code, without its padding; options end at `opt_endofopt` (3.5).
pub(super) fn value<'a>(options: &'a [PcapNGOption<'_>], code: OptionCode) -> Option<&'a [u8]> {
    options
        .iter()
        .take_while(|option| option.code != OptionCode::EndOfOpt)
        .find(|option| option.code == code)
        .and_then(|option| option.as_bytes().ok())
}

/// A filter given as text; as a program it is not shown.
fn filter(options: &[PcapNGOption<'_>]) -> Option<String> {
    match value(options, OptionCode::IfFilter)? {
        [0, text @ ..] => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    }
}

fn words(options: &[PcapNGOption<'_>], code: OptionCode) -> Option<String> {
    let text = value(options, code)?;
    Some(String::from_utf8_lossy(text).into_owned()).filter(|text| !text.is_empty())
}

/// if_hardware, which pcap-parser has no name for.
const IF_HARDWARE: OptionCode = OptionCode(15);
