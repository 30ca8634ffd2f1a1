//! What cannot be captured on, and the way out that is said.

use wireseam_capture::{Backend, CaptureError, LiveError, LiveSource, Source};

use crate::bench::{
    backends, frame, in_namespace, lay_wire, options, run, sender, take, without_rights,
};

#[test]
fn an_interface_that_is_not_there_is_answered_with_those_that_are() {
    let test = "errors::an_interface_that_is_not_there_is_answered_with_those_that_are";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let refused = LiveSource::open(&options("eth7", backend)).unwrap_err();
            let said = refused.to_string();
            assert!(
                matches!(refused, LiveError::NoSuchInterface { .. }),
                "{said}"
            );
            for name in ["eth7", "lo", "left", "right"] {
                assert!(said.contains(name), "{said}");
            }
        }
    });
}

#[test]
fn an_interface_that_is_down_is_answered_with_how_to_bring_it_up() {
    let test = "errors::an_interface_that_is_down_is_answered_with_how_to_bring_it_up";
    in_namespace(test, || {
        for backend in backends(test) {
            let refused = LiveSource::open(&options("lo", backend)).unwrap_err();
            assert!(
                refused.to_string().contains("ip link set dev lo up"),
                "{refused}"
            );
        }
    });
}

#[test]
fn without_rights_it_says_what_to_run() {
    let test = "errors::without_rights_it_says_what_to_run";
    without_rights(test, || {
        for backend in backends(test) {
            let refused = LiveSource::open(&options("lo", backend)).unwrap_err();
            let said = refused.to_string();
            assert!(matches!(refused, LiveError::NotPermitted { .. }), "{said}");
            let program = std::env::current_exe().unwrap();
            let way_out = format!("setcap cap_net_raw,cap_net_admin=eip {}", program.display());
            assert!(said.contains(&way_out), "{said}");
        }
    });
}

#[test]
fn what_a_packet_socket_cannot_do_is_said() {
    let test = "errors::what_a_packet_socket_cannot_do_is_said";
    in_namespace(test, || {
        let refused = LiveSource::open(&options("any", Backend::AfPacket)).unwrap_err();
        assert!(
            matches!(refused, LiveError::NeedsLibpcap { .. }),
            "{refused}"
        );
        assert!(
            refused.to_string().contains("or name one interface"),
            "{refused}"
        );
    });
}

#[test]
fn a_filter_that_is_none_is_named() {
    let test = "errors::a_filter_that_is_none_is_named";
    in_namespace(test, || {
        run("ip link set dev lo up");
        for backend in backends(test) {
            let mut asked = options("lo", backend);
            asked.filter = Some("tcp prot 80".to_owned());
            let refused = LiveSource::open(&asked).unwrap_err();
            assert!(matches!(refused, LiveError::Filter { .. }), "{refused}");
            assert!(refused.to_string().contains("'tcp prot 80'"), "{refused}");
        }
    });
}

#[test]
fn options_that_cannot_be_are_named() {
    let test = "errors::options_that_cannot_be_are_named";
    in_namespace(test, || {
        run("ip link set dev lo up");
        for backend in backends(test) {
            let mut asked = options("lo", backend);
            asked.snaplen = 0;
            let refused = LiveSource::open(&asked).unwrap_err().to_string();
            assert!(refused.contains("1 to 262144"), "{refused}");
            let mut asked = options("lo", backend);
            asked.ring = 4096;
            let refused = LiveSource::open(&asked).unwrap_err().to_string();
            assert!(refused.contains("1 MiB to 1 GiB"), "{refused}");
        }
    });
}

#[test]
fn an_interface_that_vanishes_ends_the_capture_with_what_was_there() {
    let test = "errors::an_interface_that_vanishes_ends_the_capture_with_what_was_there";
    in_namespace(test, || {
        for backend in backends(test) {
            lay_wire();
            let mut source = LiveSource::open(&options("right", backend)).unwrap();
            let mut wire = sender("left");
            wire.send(&frame(1, 60)).unwrap();
            take(&mut source, 1);
            run("ip link del left");
            let lost = source.next_packet().map(|_| ()).unwrap_err();
            assert!(
                matches!(lost, CaptureError::Live(LiveError::Lost { .. })),
                "{backend}: {lost}"
            );
        }
    });
}
