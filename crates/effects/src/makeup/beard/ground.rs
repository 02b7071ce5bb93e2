//! The face that a beard is drawn on: its skin, its lips and its light.

use safelight_imaging::map::Map;
use safelight_vision::face::Part as Seen;

use crate::lab::Lab;
use crate::makeup::Canvas;
use crate::region;

/// Hair throws shadows on itself: what is darker on skin is darker still on a beard.
const DEEPER: f32 = 1.4;

/// A face under a beard.
pub(super) struct Ground {
    /// Places where hair may have its root.
    pub skin: Map,
    pub lips: Map,
    /// How light the face is there by its skin.
    pub light: Map,
    /// How far its a* and b* are there from those of its skin: light of another colour.
    pub tint: [Map; 2],
}

impl Ground {
    pub fn of(canvas: &Canvas) -> Self {
        let kit = canvas.kit;
        let skin = kit.parsing.likely(&[
            Seen::Skin,
            Seen::Neck,
            Seen::Nose,
            Seen::UpperLip,
            Seen::LowerLip,
        ]);
        let lips = kit.parsing.likely(&[Seen::UpperLip, Seen::LowerLip, Seen::Mouth]);
        let skin = canvas.window.map(skin);
        let weight = canvas.blurred(&skin, 0.045);
        // Of skin alone: what is behind a jaw has a light of its own.
        let [light, red, yellow] = [0, 1, 2].map(|i| {
            let sum = canvas.blurred(&region::common(&canvas.before.plane(i), &skin), 0.045);
            sum.join(&weight, |sum, weight| (sum + 0.02 * kit.skin.lab[i]) / (weight + 0.02))
        });
        let own = kit.skin.lab;
        let mesh_lips = kit.lips(&canvas.window);
        let lips = canvas.window.map(|place| ((lips(place) - 0.3) * 4.0).clamp(0.0, 1.0));
        Self {
            skin,
            lips: region::union(&lips, &canvas.blurred(&mesh_lips, 0.003)),
            light: light.each(|x, y| {
                let share = light.values[y * light.width + x] / own[0].max(1.0);
                share.clamp(0.35, 1.12).powf(DEEPER)
            }),
            tint: [(red, own[1]), (yellow, own[2])]
                .map(|(map, own)| map.each(|x, y| map.values[y * map.width + x] - own)),
        }
    }

    /// A colour of hair in the light of a place, by how light it is: light of another colour gives dark hair
    /// less of it than skin.
    pub fn tinted(&self, [l, a, b]: Lab, index: usize) -> Lab {
        let share = (l / 60.0).clamp(0.0, 1.0);
        let [red, yellow] = self.tint.each_ref().map(|tint| tint.values[index] * share);
        [l, a + red, b + yellow]
    }
}
