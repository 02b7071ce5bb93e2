//! Bits that survive noise: a convolutional code with soft decision, and a checksum.
//!
//! Constraint length 9, rate 1/4, generators 765 671 513 473 (octal); decoded by Viterbi's algorithm
//! (1967) over all 256 states.

const GENERATORS: [usize; 4] = [0o765, 0o671, 0o513, 0o473];
const STATES: usize = 256;
/// Zeros after the message, which lead the encoder back to its first state.
const TAIL: usize = 8;

/// Symbols of a message of this many bits.
pub const fn symbols(bits: usize) -> usize {
    (bits + TAIL) * GENERATORS.len()
}

/// What the encoder puts out for the nine bits in its register.
fn output(register: usize) -> [bool; 4] {
    GENERATORS.map(|generator| (register & generator).count_ones() % 2 == 1)
}

/// The symbols of a message, its bits after one another and zeros at its end.
pub fn encode(bits: &[bool]) -> Vec<bool> {
    let mut state = 0;
    let tail = std::iter::repeat_n(false, TAIL);
    let input = bits.iter().copied().chain(tail);
    let step = |bit| {
        let register = (usize::from(bit) * STATES) | state;
        state = register >> 1;
        output(register)
    };
    input.flat_map(step).collect()
}

/// The message whose symbols agree best with `soft`: positive for a one, the larger the surer.
/// `soft` has [`symbols`] of the message's bits.
pub fn decode(soft: &[f32]) -> Vec<bool> {
    let outputs: Vec<[bool; 4]> = (0..2 * STATES).map(output).collect();
    let mut scores = vec![f32::NEG_INFINITY; STATES];
    scores[0] = 0.0;
    let steps = soft.as_chunks::<4>().0;
    // For each step and state: the bit that its best predecessor had and it has not.
    let mut choices = vec![[false; STATES]; steps.len()];
    for (symbols, choices) in steps.iter().zip(&mut choices) {
        let score = |register: usize| {
            let signed = outputs[register].iter().zip(symbols);
            let fit: f32 = signed.map(|(&one, &soft)| if one { soft } else { -soft }).sum();
            scores[register % STATES] + fit
        };
        let mut next = vec![f32::NEG_INFINITY; STATES];
        for state in 0..STATES {
            let (even, odd) = (score(state * 2), score(state * 2 + 1));
            choices[state] = odd > even;
            next[state] = even.max(odd);
        }
        scores = next;
    }
    let mut state = 0;
    let mut bits = vec![false; steps.len()];
    for (bit, choices) in bits.iter_mut().zip(&choices).rev() {
        *bit = state >= STATES / 2;
        state = (state * 2 + usize::from(choices[state])) % STATES;
    }
    bits.truncate(steps.len().saturating_sub(TAIL));
    bits
}

/// The checksum CRC-16 with the polynomial 0x1021, started with ones.
pub fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, &byte| {
        (0..8).fold(sum ^ u16::from(byte) << 8, |sum, _| {
            if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<f32> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        // About normal, of variance 1.
        (0..count).map(|_| ((0..12).map(|_| next()).sum::<f32>()) - 6.0).collect()
    }

    fn message() -> Vec<bool> {
        (0..96).map(|i| i * i % 7 % 3 == 1).collect()
    }

    #[test]
    fn a_tenth_of_wrong_symbols_is_corrected() {
        let sent = encode(&message());
        assert_eq!(sent.len(), symbols(96));
        let noise = noise(sent.len());
        let received = |deviation: f32| -> Vec<f32> {
            let signs = sent.iter().map(|&one| if one { 1.0 } else { -1.0 });
            signs.zip(&noise).map(|(sign, noise)| sign + deviation * noise).collect()
        };
        let soft = received(0.8);
        let wrong = soft.iter().zip(&sent).filter(|(soft, one)| (**soft > 0.0) != **one).count();
        assert!(wrong * 10 > sent.len(), "{wrong} of {} are wrong", sent.len());
        assert_eq!(decode(&soft), message());
        assert_ne!(decode(&received(4.0)), message(), "noise alone tells the message");
    }

    #[test]
    fn the_checksum_is_that_of_the_catalogues() {
        assert_eq!(checksum(b"123456789"), 0x29b1);
    }
}
