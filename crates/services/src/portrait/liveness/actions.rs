//! What a person is asked to do in front of the camera, and whether it was done.

use safelight_imaging::map::median;
use safelight_vision::face::Pose;

/// A movement, by the digit that stands for it; those of Baidu's face API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Both eyes close and open.
    Blink,
    /// The head goes up.
    Up,
    /// The head goes down.
    Down,
    /// The head turns to one side and to the other, in any order.
    Sides,
}

impl Action {
    /// Every action, with its digit.
    pub const ALL: [(char, Self); 4] =
        [('0', Self::Blink), ('4', Self::Up), ('5', Self::Down), ('7', Self::Sides)];

    /// The action of a digit.
    pub fn of(digit: char) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == digit).map(|(_, action)| action)
    }

    /// Its digit.
    pub fn digit(self) -> char {
        Self::ALL.into_iter().find(|(_, action)| *action == self).map_or('?', |(digit, _)| digit)
    }
}

/// What is seen of a face at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signs {
    /// When, in seconds.
    pub at: f64,
    /// Which way it looks.
    pub pose: Pose,
    /// How far the eye that is wider open is closed, 0..1, as the model of movements sees it.
    pub closed: f32,
    /// How high the eye that is wider open is, by its width.
    pub height: f32,
}

/// Eyes are closed where the model says so by more than this, or they are lower than this share of what
/// they mostly are; and open where both say so by as much.
const CLOSED: (f32, f32) = (0.5, 0.65);
const OPEN: (f32, f32) = (0.25, 0.8);
/// The longest time that a blink may take, in seconds.
const BLINK: f64 = 0.7;
/// How far the head must go up and down, and to each side, from where it mostly is, in degrees.
const NOD: f32 = 12.0;
const TURN: f32 = 15.0;

/// When each action was done, in seconds, each after the one before; `None` from the first on that was
/// not.
pub fn follow(actions: &[Action], signs: &[Signs]) -> Vec<Option<f64>> {
    let middle = |of: fn(&Signs) -> f32| median(&mut signs.iter().map(of).collect::<Vec<_>>());
    let rest = Rest {
        yaw: middle(|signs| signs.pose.yaw),
        pitch: middle(|signs| signs.pose.pitch),
        height: middle(|signs| signs.height),
    };
    let mut from = Some(0);
    let mut done = Vec::with_capacity(actions.len());
    for action in actions {
        from = from.and_then(|from| action.end(signs, from, rest));
        done.push(from.map(|end| signs[end].at));
    }
    done
}

/// What is mostly seen in a video.
#[derive(Clone, Copy)]
struct Rest {
    yaw: f32,
    pitch: f32,
    height: f32,
}

impl Action {
    /// Where the action ends that begins at `from` or later.
    fn end(self, signs: &[Signs], from: usize, rest: Rest) -> Option<usize> {
        let later = || (from..signs.len()).map(|at| (at, signs[at].pose));
        match self {
            Self::Blink => blink(signs, from, rest.height),
            Self::Up => later().find(|(_, pose)| pose.pitch <= rest.pitch - NOD).map(|(at, _)| at),
            Self::Down => {
                later().find(|(_, pose)| pose.pitch >= rest.pitch + NOD).map(|(at, _)| at)
            }
            Self::Sides => {
                let left = later().find(|(_, pose)| pose.yaw <= rest.yaw - TURN)?.0;
                let right = later().find(|(_, pose)| pose.yaw >= rest.yaw + TURN)?.0;
                Some(left.max(right))
            }
        }
    }
}

/// Open eyes, closed eyes, open eyes again, within the time of a blink.
fn blink(signs: &[Signs], from: usize, height: f32) -> Option<usize> {
    let (mut open, mut closed) = (None, false);
    for (at, now) in signs.iter().enumerate().skip(from) {
        let share = now.height / height.max(f32::EPSILON);
        if now.closed < OPEN.0 && share > OPEN.1 {
            let began = open.filter(|began: &f64| closed && now.at - began <= BLINK);
            if began.is_some() {
                return Some(at);
            }
            (open, closed) = (Some(now.at), false);
        } else if now.closed > CLOSED.0 || share < CLOSED.1 {
            closed = true;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten moments a second of these yaws, pitches and closed eyes.
    fn signs(moments: &[(f32, f32, f32)]) -> Vec<Signs> {
        let signs = |(number, &(yaw, pitch, closed)): (usize, &(f32, f32, f32))| Signs {
            at: number as f64 / 10.0,
            pose: Pose { yaw, pitch, roll: 0.0 },
            closed,
            height: 0.3,
        };
        moments.iter().enumerate().map(signs).collect()
    }

    const STILL: (f32, f32, f32) = (3.0, 5.0, 0.1);
    const SHUT: (f32, f32, f32) = (3.0, 5.0, 0.7);
    const LEFT: (f32, f32, f32) = (-15.0, 5.0, 0.1);
    const RIGHT: (f32, f32, f32) = (20.0, 5.0, 0.1);
    const HIGH: (f32, f32, f32) = (3.0, -9.0, 0.1);
    const LOW: (f32, f32, f32) = (3.0, 18.0, 0.1);

    fn times(code: &str, moments: &[(f32, f32, f32)]) -> Vec<Option<f64>> {
        let actions: Vec<_> = code.chars().filter_map(Action::of).collect();
        follow(&actions, &signs(moments))
    }

    #[test]
    fn actions_are_seen_in_their_order() {
        let all = [
            STILL, STILL, SHUT, STILL, STILL, RIGHT, STILL, STILL, LEFT, STILL, HIGH, STILL, LOW,
            STILL, STILL,
        ];
        assert_eq!(times("0745", &all), [Some(0.3), Some(0.8), Some(1.0), Some(1.2)]);
        assert_eq!(times("54", &all), [Some(1.2), None], "up came before down");
        assert_eq!(times("70", &all), [Some(0.8), None]);
        assert_eq!(times("5", &[STILL; 20]), [None]);
        assert_eq!(times("7", &[]), [None]);
    }

    #[test]
    fn closed_eyes_are_no_blink() {
        let mut sleeps = vec![STILL, STILL];
        sleeps.extend([SHUT; 9]);
        sleeps.push(STILL);
        assert_eq!(times("0", &sleeps), [None], "longer than a blink");
        assert_eq!(times("0", &[SHUT, SHUT, STILL]), [None], "never seen open before");
        assert_eq!(times("0", &[STILL, SHUT, SHUT]), [None], "never open again");
        let half = (3.0, 5.0, 0.4);
        assert_eq!(times("0", &[STILL, half, STILL]), [None]);
        assert_eq!(times("0", &[STILL, half, SHUT, half, STILL]), [Some(0.4)]);
    }

    #[test]
    fn low_eyes_are_closed_whatever_the_model_says() {
        let with_heights = |heights: &[f32]| {
            let mut signs = signs(&vec![STILL; heights.len()]);
            signs.iter_mut().zip(heights).for_each(|(signs, height)| signs.height = *height);
            follow(&[Action::Blink], &signs)
        };
        assert_eq!(with_heights(&[0.3, 0.3, 0.15, 0.3, 0.3]), [Some(0.3)]);
        assert_eq!(with_heights(&[0.3, 0.3, 0.21, 0.3, 0.3]), [None]);
        assert_eq!(with_heights(&[0.12, 0.12, 0.12, 0.12]), [None], "narrow eyes");
    }

    #[test]
    fn one_side_is_not_both() {
        assert_eq!(times("7", &[STILL, STILL, STILL, LEFT, LEFT, STILL]), [None]);
        for (digit, action) in Action::ALL {
            assert_eq!((Action::of(digit), action.digit()), (Some(action), digit));
        }
        assert_eq!(Action::of('1'), None);
    }
}
