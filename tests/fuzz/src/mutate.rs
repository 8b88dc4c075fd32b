//! Mutations of bytes and of words.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::json;

/// Longer inputs are cut.
const LONGEST: usize = 32 << 10;
/// The most words of the corpus that are put into inputs.
const MOST_WORDS: usize = 2000;

/// Texts that parsers stumble over: limits of numbers, control characters, directions of text, escapes, half characters.
const ODD: [&str; 44] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "-0.0",
    "NaN",
    "0x1p3",
    "\0",
    "\u{1b}[2J",
    "\u{9b}31m",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{fffd}",
    "\r\n",
    "\n",
    "\\ud800",
    "\\u0000",
    "\\u001b",
    "%00",
    "%0d%0a",
    "é",
    "ß",
    "İ",
    "\u{1F600}",
    "a\u{301}",
    "\"",
    "\\",
    "'",
    "<!--",
    "<script",
    "]]>",
    "../",
    "null",
];

/// The mutations of one target.
#[derive(Debug)]
pub(crate) struct Mutator {
    words: Vec<Vec<u8>>,
}

/// One of some.
pub(crate) fn pick<'t, T>(random: &mut StdRng, some: &'t [T]) -> &'t T {
    &some[random.random_range(0..some.len())]
}

impl Mutator {
    /// With these words, those of the corpus, and odd ones.
    pub(crate) fn new(words: &[&str], corpus: &[Vec<u8>]) -> Self {
        let given = words.iter().chain(&ODD).map(|word| word.as_bytes().to_vec());
        let found = corpus.iter().flat_map(|input| input.split(|byte| !is_word(*byte)));
        let mut found: Vec<Vec<u8>> =
            found.filter(|word| (2..40).contains(&word.len())).map(<[u8]>::to_vec).collect();
        found.sort();
        found.dedup();
        found.truncate(MOST_WORDS);
        Self { words: given.chain(found).collect() }
    }

    /// An input with one to eight changes.
    pub(crate) fn mutated(&self, random: &mut StdRng, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut input = input.to_vec();
        for _ in 0..1 << random.random_range(0..4) {
            input = match random.random_range(0..10) {
                0..4 => self.json(random, &input, other).unwrap_or_else(|| self.bytes(random, input, other)),
                4..6 => self.words(random, input),
                _ => self.bytes(random, input, other),
            };
        }
        input.truncate(LONGEST);
        input
    }

    /// Changes a JSON document as such; `None` when it is none.
    fn json(&self, random: &mut StdRng, input: &[u8], other: &[u8]) -> Option<Vec<u8>> {
        let mut value = serde_json::from_slice(input).ok()?;
        let other = serde_json::from_slice(other).unwrap_or_default();
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let word = text(pick(random, &self.words));
        let twice = json::mutate(random, &mut value, &other, &word);
        let mut written = serde_json::to_vec(&value).ok()?;
        if twice && let Some(at) = written.iter().position(|byte| *byte == b'{') {
            // The same member again, which a map cannot hold.
            let member = format!("{}:null,", serde_json::Value::from(word));
            written.splice(at + 1..=at, member.into_bytes());
        }
        Some(written)
    }

    /// Replaces one word by another.
    fn words(&self, random: &mut StdRng, mut input: Vec<u8>) -> Vec<u8> {
        if input.is_empty() {
            return pick(random, &self.words).clone();
        }
        let at = random.random_range(0..input.len());
        let start = input[..at].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
        let end =
            input[at..].iter().position(|byte| !is_word(*byte)).map_or(input.len(), |length| at + length);
        input.splice(start..end.max(start), pick(random, &self.words).iter().copied());
        input
    }

    /// Changes bytes, wherever they are.
    fn bytes(&self, random: &mut StdRng, mut input: Vec<u8>, other: &[u8]) -> Vec<u8> {
        let range = |random: &mut StdRng, length: usize| {
            let start = random.random_range(0..=length);
            let most = (length - start).min(if random.random_bool(0.8) { 16 } else { length });
            start..start + random.random_range(0..=most)
        };
        let at = random.random_range(0..=input.len());
        match random.random_range(0..9) {
            0 if at < input.len() => input[at] ^= 1 << random.random_range(0..8),
            1 if at < input.len() => input[at] = random.random(),
            2 => input.truncate(at),
            3 => drop(input.drain(range(random, input.len()))),
            4 => {
                let again = input[range(random, input.len())].to_vec();
                let times = if random.random_bool(0.1) { 200 } else { 1 };
                input.splice(at..at, again.repeat(times));
            }
            5 => {
                let theirs = &other[range(random, other.len())];
                input.splice(at..at, theirs.iter().copied());
            }
            6 => {
                input.truncate(at);
                input.extend_from_slice(&other[random.random_range(0..=other.len())..]);
            }
            7 => {
                let noise: Vec<u8> = (0..random.random_range(1..8)).map(|_| random.random()).collect();
                input.splice(at..at, noise);
            }
            _ => drop(input.splice(at..at, pick(random, &self.words).iter().copied())),
        }
        input
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
