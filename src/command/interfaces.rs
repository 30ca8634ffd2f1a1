//! `wireseam interfaces`: what can be captured on, and whether it may.

use wireseam_capture::LocalInterface;

use super::{Exit, Failure, print};

pub(super) fn interfaces() -> Result<Exit, Failure> {
    let listed = wireseam_capture::interfaces().map_err(|cause| {
        Exit::Environment.with(anyhow::Error::from(cause).context("failed to list interfaces"))
    })?;
    let (may, through) = (
        wireseam_capture::may_capture(),
        wireseam_capture::has_libpcap(),
    );
    print(&list(&listed, may, through))
}

fn list(listed: &[LocalInterface], may_capture: bool, has_libpcap: bool) -> String {
    let rows: Vec<_> = listed.iter().map(row).collect();
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column));
        widths.map(String::len).max().unwrap_or(0)
    };
    let (name, state, link) = (width(0), width(1), width(2));
    let mut text = String::new();
    for [its_name, its_state, its_link, addresses] in &rows {
        let line = format!("{its_name:name$}  {its_state:state$}  {its_link:link$}  {addresses}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    if may_capture && has_libpcap {
        text.push_str("they may be captured on, and all at once: any\n");
    } else if may_capture {
        text.push_str(
            "they may be captured on, one at a time and with simple filters; libpcap, which is not installed, takes any\n",
        );
    } else {
        let program = std::env::current_exe();
        let program =
            program.map_or_else(|_| "wireseam".to_owned(), |path| path.display().to_string());
        text.push_str(&format!(
            "they may not be captured on: CAP_NET_RAW is missing; run sudo setcap cap_net_raw,cap_net_admin=eip {program}; \
             wireseam demo needs no rights\n"
        ));
    }
    text
}

fn row(interface: &LocalInterface) -> [String; 4] {
    let state = match (interface.up, interface.running) {
        (false, _) => "down",
        (true, false) => "no carrier",
        (true, true) => "up",
    };
    let link = match interface.link {
        _ if interface.loopback => "loopback".to_owned(),
        Some(link) => link.to_string(),
        None => "other".to_owned(),
    };
    let addresses: Vec<_> = interface
        .addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    [
        interface.name.clone(),
        state.to_owned(),
        link,
        addresses.join(" "),
    ]
}
