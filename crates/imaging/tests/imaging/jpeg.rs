//! JPEG files of every structure, written from the same coefficients: they show the same picture or
//! are refused.

use safelight_contract::{Code, Fault};
use safelight_imaging::{decode, probe};
use safelight_testkit::jpeg::{Coefficients, Layout, scan_scripts};

const WIDTH: usize = 45;
const HEIGHT: usize = 37;

fn pixels(file: &[u8]) -> Result<Vec<u8>, Fault> {
    let header = probe(file)?;
    Ok(decode(file, &header)?.rgb.into_raw())
}

/// Mean difference of two pictures of the same size.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / a.len() as f64
}

/// Sampling factors of three components: the usual ones, chroma finer than luma, factors of three
/// and four, and ratios that are no whole numbers.
const SAMPLINGS: [[(usize, usize); 3]; 24] = [
    [(1, 1), (1, 1), (1, 1)],
    [(2, 1), (1, 1), (1, 1)],
    [(1, 2), (1, 1), (1, 1)],
    [(2, 2), (1, 1), (1, 1)],
    [(4, 1), (1, 1), (1, 1)],
    [(1, 4), (1, 1), (1, 1)],
    [(4, 2), (1, 1), (1, 1)],
    [(2, 4), (1, 1), (1, 1)],
    [(3, 1), (1, 1), (1, 1)],
    [(1, 3), (1, 1), (1, 1)],
    [(3, 2), (1, 1), (1, 1)],
    [(2, 2), (2, 1), (2, 1)],
    [(2, 2), (1, 2), (1, 2)],
    [(2, 2), (2, 1), (1, 2)],
    [(1, 1), (2, 2), (2, 2)],
    [(1, 1), (2, 1), (2, 1)],
    [(1, 1), (1, 2), (1, 2)],
    [(2, 2), (2, 2), (2, 2)],
    [(2, 1), (1, 2), (1, 1)],
    [(2, 1), (1, 1), (2, 1)],
    [(4, 4), (2, 2), (1, 1)],
    [(3, 1), (2, 1), (1, 1)],
    [(2, 2), (3, 3), (1, 1)],
    [(4, 1), (1, 4), (2, 2)],
];

#[test]
fn every_order_of_scans_shows_the_same_picture() {
    for sampling in SAMPLINGS {
        let coefficients = Coefficients::drawn(WIDTH, HEIGHT, &sampling);
        let reference = pixels(&coefficients.write(&Layout::interleaved(3))).unwrap();
        let apart = difference(&reference, &coefficients.pixels());
        assert!(apart < 2.0, "{sampling:?}: {apart:.2} from what the coefficients show");
        for scans in scan_scripts() {
            for (restart, progressive) in [(0, false), (1, false), (3, false), (0, true), (2, true)]
            {
                let layout = Layout { scans: scans.clone(), restart, progressive };
                let found = pixels(&coefficients.write(&layout))
                    .unwrap_or_else(|error| panic!("{sampling:?} {layout:?}: {error}"));
                assert!(found == reference, "{sampling:?} {layout:?} shows another picture");
            }
        }
    }
}

#[test]
fn other_pictures_differ() {
    let of = |sampling| Coefficients::drawn(WIDTH, HEIGHT, &[sampling; 3]).pixels();
    let mut damaged = of((1, 1));
    damaged[..WIDTH * HEIGHT].fill(128);
    assert!(difference(&of((1, 1)), &damaged) > 4.0);
}

#[test]
fn single_and_four_components_do_not_depend_on_structure() {
    let square =
        pixels(&Coefficients::drawn(WIDTH, HEIGHT, &[(1, 1)]).write(&Layout::interleaved(1)));
    let gray = Coefficients::drawn(WIDTH, HEIGHT, &[(2, 2)]);
    let found = pixels(&gray.write(&Layout::interleaved(1))).unwrap();
    assert_eq!(found, square.unwrap(), "factors of a single component say nothing");
    assert!(difference(&found, &gray.pixels()) < 1.0);

    let inks = Coefficients::drawn(WIDTH, HEIGHT, &[(2, 2), (1, 1), (1, 1), (2, 2)]);
    let reference = pixels(&inks.write(&Layout::interleaved(4))).unwrap();
    for scans in [vec![vec![3], vec![1, 2], vec![0]], vec![vec![0, 3], vec![2], vec![1]]] {
        for progressive in [false, true] {
            let layout = Layout { scans: scans.clone(), restart: 2, progressive };
            assert!(pixels(&inks.write(&layout)).unwrap() == reference, "{layout:?}");
        }
    }
}

/// Files of the same picture: one scan, several, progressive; without and with restarts.
fn structures() -> Vec<(Layout, Vec<u8>)> {
    let coefficients = Coefficients::drawn(WIDTH, HEIGHT, &[(2, 2), (1, 1), (1, 1)]);
    let layouts = [
        (vec![vec![0, 1, 2]], 0, false),
        (vec![vec![0, 1, 2]], 2, false),
        (vec![vec![2], vec![0], vec![1]], 0, false),
        (vec![vec![0, 1, 2]], 0, true),
        (vec![vec![0], vec![1, 2]], 3, true),
    ];
    let write = |(scans, restart, progressive)| {
        let layout = Layout { scans, restart, progressive };
        let file = coefficients.write(&layout);
        (layout, file)
    };
    layouts.into_iter().map(write).collect()
}

/// Where the data of the first scan start, and the places of all its markers behind that.
fn scan_starts(file: &[u8]) -> Vec<usize> {
    let marker = |at: &usize| file[at - 2..*at] == [0xff, 0xda];
    (2..file.len()).filter(marker).map(|at| at + usize::from(file[at + 1])).collect()
}

fn refused(file: &[u8]) -> bool {
    match pixels(file) {
        Ok(_) => false,
        Err(fault) => {
            assert_eq!(fault.code(), Code::FileDecodingFailure, "{fault}");
            true
        }
    }
}

#[test]
fn truncated_pixels_are_refused_even_with_an_end_marker() {
    for (layout, file) in structures() {
        let starts = scan_starts(&file);
        for length in starts[0]..file.len() - 2 {
            assert!(refused(&file[..length]), "{layout:?} of {length} bytes was read");
            let ended = [&file[..length], b"\xff\xd9"].concat();
            // Between the scans of a progressive file nothing shows whether more should follow.
            let boundary = [length - 1, length].map(|at| file[at..].starts_with(b"\xff\xda"));
            let whole_scan = layout.progressive && boundary.contains(&true);
            assert!(
                whole_scan || refused(&ended),
                "{layout:?} ended after {length} bytes was read"
            );
        }
    }
}

#[test]
fn a_frame_taller_than_its_data_is_refused() {
    for (layout, mut file) in structures() {
        let frame = file.windows(2).position(|w| matches!(w, [0xff, 0xc0 | 0xc2])).unwrap();
        file[frame + 6] *= 2;
        assert!(refused(&file), "{layout:?}");
    }
}

#[test]
fn a_missing_end_marker_does_no_harm_where_every_pixel_is_there() {
    for (layout, file) in structures() {
        let reference = pixels(&file).unwrap();
        let open = &file[..file.len() - 2];
        let trailer: Vec<u8> = (0..400u32).map(|i| (i * i % 251) as u8).collect();
        for file in [open.to_vec(), [open, &trailer].concat(), [&file, &file[..]].concat()] {
            let found = pixels(&file).unwrap_or_else(|error| panic!("{layout:?}: {error}"));
            assert!(found == reference, "{layout:?}");
        }
    }
}

#[test]
fn lost_restart_markers_are_noticed() {
    let (_, file) = structures().swap_remove(1);
    let second = file.windows(2).position(|w| w == [0xff, 0xd1]).unwrap();
    let mut number = file.clone();
    number[second + 1] = 0xd4;
    assert!(refused(&number));
    let without = [&file[..second], &file[second + 2..]].concat();
    assert!(refused(&without));
}

/// `file` without its segments of this kind.
fn without(file: &[u8], kind: u8) -> Vec<u8> {
    let at = file.windows(2).position(|w| w == [0xff, kind]).unwrap();
    let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    [&file[..at], &file[at + 2 + length..]].concat()
}

#[test]
fn segments_that_writers_shorten_or_leave_out() {
    for (layout, file) in structures() {
        let reference = pixels(&file).unwrap();
        let adobe = [&file[..2], b"\xff\xee\0\x09Adobe\0\x64", &file[2..]].concat();
        assert!(pixels(&adobe).unwrap() == reference, "{layout:?} with a short Adobe segment");
        // The files use the standard tables, but for progressive ones.
        if !layout.progressive {
            let bare = without(&file, 0xc4);
            assert!(pixels(&bare).unwrap() == reference, "{layout:?} without Huffman tables");
        }
        assert!(refused(&without(&file, 0xdb)), "{layout:?} without quantisation tables");
    }
}

#[test]
fn jpeg_ls_is_no_jpeg_that_is_read() {
    let file =
        b"\xff\xd8\xff\xf7\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\0\0";
    let fault = pixels(file).unwrap_err();
    assert_eq!(fault.code(), Code::UnsupportedFileTypes);
    assert!(fault.message().contains("JPEG-LS"), "{fault}");
}
