//! Composites whose alpha is known, and masks of the kind that a network gives of them.

use image::{GrayImage, Luma, Rgb, RgbImage, imageops};

/// A photo made of a subject over a background.
pub struct Scene {
    pub name: &'static str,
    pub photo: RgbImage,
    pub alpha: GrayImage,
    /// The subject's colours, everywhere.
    pub subject: RgbImage,
    /// What a network would find: 320 x 320 over the whole photo.
    pub mask: GrayImage,
}

pub const WIDTH: u32 = 800;
pub const HEIGHT: u32 = 640;

/// Numbers from a seed (splitmix64), the same on every machine.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to 1.
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.next()
    }
}

/// Smooth blotches of a few sizes and fine grain around one colour.
pub fn texture(seed: u64, colour: [f32; 3], blotches: f32, grain: f32) -> RgbImage {
    let mut numbers = Numbers::new(seed);
    let mut sum = vec![[0.0f32; 3]; (WIDTH * HEIGHT) as usize];
    for (cells, share) in [(6, 0.5), (18, 0.3), (60, 0.2)] {
        let small = RgbImage::from_fn(cells, cells, |_, _| {
            Rgb([(); 3].map(|()| (numbers.next() * 255.0) as u8))
        });
        let large = imageops::resize(&small, WIDTH, HEIGHT, imageops::CatmullRom);
        for (sum, pixel) in sum.iter_mut().zip(large.pixels()) {
            (0..3).for_each(|c| sum[c] += share * (f32::from(pixel[c]) - 127.5) / 127.5);
        }
    }
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let blotch = sum[(y * WIDTH + x) as usize];
        let noise = grain * (numbers.next() - 0.5);
        Rgb(std::array::from_fn(|c| {
            (colour[c] + blotches * blotch[c] + noise).clamp(0.0, 255.0) as u8
        }))
    })
}

/// Paints alpha with four by four samples a pixel from a signed distance (negative inside).
fn shape(distance: impl Fn(f32, f32) -> f32) -> GrayImage {
    GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let inside = (0..16).filter(|i| {
            let (dx, dy) = ((i % 4) as f32 / 4.0 + 0.125, (i / 4) as f32 / 4.0 + 0.125);
            distance(x as f32 + dx, y as f32 + dy) < 0.0
        });
        Luma([(inside.count() * 255 / 16) as u8])
    })
}

/// Draws a strand as discs along a curve, each pixel keeping its largest coverage.
fn strand(alpha: &mut GrayImage, numbers: &mut Numbers, from: (f32, f32), mut angle: f32) {
    let (mut x, mut y) = from;
    let length = numbers.between(25.0, 85.0);
    let (width, curl) = (numbers.between(0.6, 1.5), numbers.between(-0.03, 0.03));
    let mut walked = 0.0;
    while walked < length {
        let radius = width * (1.0 - 0.7 * walked / length);
        for py in (y - 3.0) as u32..=(y + 3.0) as u32 {
            for px in (x - 3.0) as u32..=(x + 3.0) as u32 {
                let distance = (px as f32 + 0.5 - x).hypot(py as f32 + 0.5 - y);
                let cover = (radius + 0.5 - distance).clamp(0.0, 1.0).min(2.0 * radius);
                if px < WIDTH && py < HEIGHT {
                    let pixel = &mut alpha.get_pixel_mut(px, py).0[0];
                    *pixel = (*pixel).max((cover * 255.0) as u8);
                }
            }
        }
        (x, y, walked) = (x + 0.5 * angle.cos(), y + 0.5 * angle.sin(), walked + 0.5);
        angle += curl * 0.5 + numbers.between(-0.03, 0.03);
    }
}

fn network_mask(alpha: &GrayImage) -> GrayImage {
    let small = imageops::resize(alpha, 320, 320, imageops::Triangle);
    let mut mask = imageops::blur(&small, 1.2);
    for value in mask.iter_mut() {
        *value = ((f32::from(*value) - 127.5) * 1.3 + 127.5).clamp(0.0, 255.0) as u8;
    }
    mask
}

fn scene(name: &'static str, alpha: GrayImage, subject: RgbImage, background: &RgbImage) -> Scene {
    let photo = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let share = f32::from(alpha.get_pixel(x, y)[0]) / 255.0;
        let (front, back) = (subject.get_pixel(x, y), background.get_pixel(x, y));
        Rgb(std::array::from_fn(|c| {
            (share * f32::from(front[c]) + (1.0 - share) * f32::from(back[c]) + 0.5) as u8
        }))
    });
    Scene { name, mask: network_mask(&alpha), photo, alpha, subject }
}

/// A round head with some hundred strands of hair.
pub fn hair() -> Scene {
    let (cx, cy, radius) = (400.0, 330.0, 170.0);
    let mut numbers = Numbers::new(7);
    let mut alpha = shape(|x, y| (x - cx).hypot(y - cy) - radius);
    for _ in 0..420 {
        let at = numbers.between(0.0, std::f32::consts::TAU);
        let from = (cx + (radius - 4.0) * at.cos(), cy + (radius - 4.0) * at.sin());
        let lean = numbers.between(-0.7, 0.7);
        strand(&mut alpha, &mut numbers, from, at + lean);
    }
    let background = texture(2, [120.0, 150.0, 185.0], 60.0, 8.0);
    scene("hair", alpha, texture(1, [85.0, 55.0, 35.0], 40.0, 14.0), &background)
}

/// A disc out of focus: alpha falls over some 40 pixels.
pub fn soft_disc() -> Scene {
    let alpha = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let distance = (x as f32 - 400.0).hypot(y as f32 - 320.0);
        let t = ((200.0 - distance) / 40.0 + 0.5).clamp(0.0, 1.0);
        Luma([(255.0 * t * t * (3.0 - 2.0 * t)) as u8])
    });
    let background = texture(4, [70.0, 120.0, 80.0], 35.0, 6.0);
    scene("soft disc", alpha, texture(3, [215.0, 150.0, 120.0], 35.0, 6.0), &background)
}

/// A star with thin arms and crisp edges.
pub fn arms() -> Scene {
    let alpha = shape(|x, y| {
        let (dx, dy) = (x - 400.0, y - 320.0);
        let arm = (0..5).map(|i| {
            let angle = i as f32 * 1.2566 + 0.3;
            let along = dx * angle.cos() + dy * angle.sin();
            let off = (dy * angle.cos() - dx * angle.sin()).abs();
            if along > 0.0 { (off - 10.0 + along * 0.02).max(along - 270.0) } else { 1e3 }
        });
        arm.fold(dx.hypot(dy) - 90.0, f32::min)
    });
    let background = texture(6, [200.0, 195.0, 180.0], 45.0, 10.0);
    scene("arms", alpha, texture(5, [40.0, 70.0, 130.0], 40.0, 10.0), &background)
}

/// A crisp disc in nearly the colours of its background: nothing to go by but the mask.
pub fn camouflage() -> Scene {
    let alpha = shape(|x, y| (x - 400.0).hypot(y - 320.0) - 210.0);
    let background = texture(8, [128.0, 120.0, 110.0], 50.0, 12.0);
    scene("camouflage", alpha, texture(9, [122.0, 122.0, 114.0], 50.0, 12.0), &background)
}

/// A crisp disc over a board of light and dark squares, as dark as itself.
pub fn board() -> Scene {
    let alpha = shape(|x, y| (x - 400.0).hypot(y - 320.0) - 210.0);
    let mut background = texture(10, [60.0, 60.0, 70.0], 20.0, 8.0);
    for (x, y, pixel) in background.enumerate_pixels_mut() {
        if (x / 23 + y / 23) % 2 == 0 {
            pixel.0 = pixel.0.map(|value| value + 120);
        }
    }
    scene("board", alpha, texture(11, [170.0, 70.0, 60.0], 40.0, 10.0), &background)
}
