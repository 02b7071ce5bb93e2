//! What can be measured of drawings: flat areas, outlines, and whether areas are closed.

use image::{GrayImage, RgbImage};

/// The share of pixels that are flat: within two pixels across and down no channel changes by more than
/// three steps.
pub fn flat_share(picture: &RgbImage) -> f64 {
    let (width, height) = picture.dimensions();
    let inside = (2..width.saturating_sub(2))
        .flat_map(|x| (2..height.saturating_sub(2)).map(move |y| (x, y)));
    let is_flat = |&(x, y): &(u32, u32)| {
        let own = picture.get_pixel(x, y);
        [(x - 2, y), (x + 2, y), (x, y - 2), (x, y + 2)].into_iter().all(|(x, y)| {
            let other = picture.get_pixel(x, y);
            own.0.iter().zip(other.0).all(|(a, b)| a.abs_diff(b) <= 3)
        })
    };
    let all = inside.clone().count().max(1);
    inside.filter(is_flat).count() as f64 / all as f64
}

/// The share of a subject's outline within `reach` pixels of which the picture has ink: a pixel of luma
/// below `dark`. The rim of the picture is no outline.
pub fn outlined_share(picture: &GrayImage, subject: &GrayImage, reach: u32, dark: u8) -> f64 {
    let (width, height) = picture.dimensions();
    assert_eq!(picture.dimensions(), subject.dimensions());
    let is_subject = |x: u32, y: u32| subject.get_pixel(x, y).0[0] > 127;
    let (mut all, mut inked) = (0_u32, 0_u32);
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let border = is_subject(x, y)
                && (!is_subject(x + 1, y)
                    || !is_subject(x, y + 1)
                    || !is_subject(x - 1, y)
                    || !is_subject(x, y - 1));
            if !border {
                continue;
            }
            all += 1;
            let near = |at: u32, most: u32| at.saturating_sub(reach)..(at + reach + 1).min(most);
            let ink = near(y, height)
                .any(|v| near(x, width).any(|u| picture.get_pixel(u, v).0[0] < dark));
            inked += u32::from(ink);
        }
    }
    f64::from(inked) / f64::from(all.max(1))
}

/// The share of a subject that paper (from 128 on) joins to what is not the subject: what a flood fill
/// from outside reaches. The subject is counted without its outer `eroded` pixels.
pub fn leaked_share(page: &GrayImage, subject: &GrayImage, eroded: u32) -> f64 {
    let (width, height) = page.dimensions();
    assert_eq!(page.dimensions(), subject.dimensions());
    let inner = |x: u32, y: u32| {
        let span = |at: u32, most: u32| at.saturating_sub(eroded)..=(at + eroded).min(most - 1);
        span(y, height).step_by(eroded.max(1) as usize).all(|v| {
            span(x, width)
                .step_by(eroded.max(1) as usize)
                .all(|u| subject.get_pixel(u, v).0[0] > 127)
        })
    };
    let at = |x: u32, y: u32| (y * width + x) as usize;
    let mut reached = vec![false; (width * height) as usize];
    let mut open: Vec<(u32, u32)> = Vec::new();
    for y in 0..height {
        for x in 0..width {
            // Well outside: not a pixel of the subject near.
            let outside = !near_subject(subject, x, y, eroded);
            if outside && page.get_pixel(x, y).0[0] >= 128 {
                reached[at(x, y)] = true;
                open.push((x, y));
            }
        }
    }
    while let Some((x, y)) = open.pop() {
        let next = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        for (x, y) in next.into_iter().filter(|&(x, y)| x < width && y < height) {
            if !reached[at(x, y)] && page.get_pixel(x, y).0[0] >= 128 {
                reached[at(x, y)] = true;
                open.push((x, y));
            }
        }
    }
    let (mut all, mut leaked) = (0_u32, 0_u32);
    for y in 0..height {
        for x in 0..width {
            if inner(x, y) {
                all += 1;
                leaked += u32::from(reached[at(x, y)]);
            }
        }
    }
    f64::from(leaked) / f64::from(all.max(1))
}

fn near_subject(subject: &GrayImage, x: u32, y: u32, reach: u32) -> bool {
    let (width, height) = subject.dimensions();
    let span = |at: u32, most: u32| at.saturating_sub(reach)..=(at + reach).min(most - 1);
    let step = reach.max(1) as usize;
    span(y, height)
        .step_by(step)
        .any(|v| span(x, width).step_by(step).any(|u| subject.get_pixel(u, v).0[0] > 127))
}

/// How many areas of paper there are that have this share of the page at least; the ones that touch its
/// rim do not count.
pub fn closed_areas(page: &GrayImage, least: f64) -> usize {
    let (width, height) = page.dimensions();
    let mut seen: Vec<bool> = page.iter().map(|&value| value < 128).collect();
    let mut count = 0;
    for start in 0..seen.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let (mut open, mut size, mut rim) = (vec![start], 0_u64, false);
        while let Some(cell) = open.pop() {
            size += 1;
            let (x, y) = (cell as u32 % width, cell as u32 / width);
            rim |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            let next = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
            for (x, y) in next.into_iter().filter(|&(x, y)| x < width && y < height) {
                let at = (y * width + x) as usize;
                if !std::mem::replace(&mut seen[at], true) {
                    open.push(at);
                }
            }
        }
        let large = size as f64 >= least * f64::from(width) * f64::from(height);
        count += usize::from(large && !rim);
    }
    count
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;

    fn disc(radius: f32) -> impl Fn(u32, u32) -> bool {
        move |x, y| (x as f32 - 60.0).hypot(y as f32 - 60.0) < radius
    }

    #[test]
    fn rings_are_closed_and_gaps_are_found() {
        let subject = GrayImage::from_fn(120, 120, |x, y| Luma([u8::from(disc(40.0)(x, y)) * 255]));
        let ring = |gap: bool| {
            GrayImage::from_fn(120, 120, |x, y| {
                let ink = disc(42.0)(x, y) && !disc(38.0)(x, y) && !(gap && (50..70).contains(&x));
                Luma([if ink { 0 } else { 255 }])
            })
        };
        assert_eq!(leaked_share(&ring(false), &subject, 5), 0.0);
        assert!(leaked_share(&ring(true), &subject, 5) > 0.9);
        assert_eq!(closed_areas(&ring(false), 0.01), 1);
        assert_eq!(closed_areas(&ring(true), 0.01), 0);
        assert!(outlined_share(&ring(false), &subject, 3, 100) > 0.99);
        assert!(outlined_share(&ring(true), &subject, 3, 100) < 0.9);
    }

    #[test]
    fn grain_is_not_flat() {
        let plain = RgbImage::from_pixel(40, 40, Rgb([90, 80, 70]));
        let grain = RgbImage::from_fn(40, 40, |x, y| Rgb([(x * 37 + y * 91) as u8; 3]));
        assert_eq!(flat_share(&plain), 1.0);
        assert!(flat_share(&grain) < 0.1);
    }
}
