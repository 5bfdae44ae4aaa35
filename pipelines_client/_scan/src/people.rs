//! Who the people of some lines are: what their ids look like, and what links them.

use std::cell::RefCell;

use crate::hash::{md5_hex, sha1_hex, sha256_hex, Blake};
use crate::table::{Firsts, Map, Place};

const MOST_CHARS: usize = 320; // `id_forms`, `facts.people`
const MOST_KNOWN: usize = 200_000;

/// What an id looks like, in the order of `_scan.SHAPES`.
const UNKNOWN: i64 = 0;
const PLAIN: i64 = 1;
const EMAIL: i64 = 2;
const DIGEST: i64 = 3;

/// The counts in `People::persons`, after identity, kind, shape, alike, and three digests.
const IDENTIFIES: usize = 7;
const EVENTS: usize = 8;

/// The shape of an id, the hash of the address or digest that it is, and the hashes of its digests.
type Forms = (i64, i64, [i64; 3]);

thread_local! {
    /// The forms of ids by their identity, a keyed hash: a person is in many files, and both sides have the same people.
    static KNOWN: RefCell<Map<u64, Forms>> = RefCell::default();
}

#[derive(Default)]
pub struct People {
    numbers: Map<u64, u32>,
    pub persons: [Vec<i64>; 9],
    pub firsts: Firsts,
    seen: Map<[u64; 3], ()>,
    pub links: [Vec<i64>; 6],
    text: Vec<u8>,
}

impl People {
    pub fn rows(&self) -> usize {
        self.persons[0].len() + self.links[0].len()
    }

    /// Counts one message of a person; `user` is the id, unless it is an anonymous one.
    pub fn count(
        &mut self,
        hasher: &Blake,
        identity: u64,
        kind: u8,
        user: Option<&[u8]>,
        is_edit: bool,
        first: (&[u8], Place),
    ) {
        let next = self.persons[0].len() as u32;
        let number = *self.numbers.entry(identity).or_insert(next);
        if number == next {
            let (shape, alike, digests) = match user {
                Some(id) => self.known_forms(hasher, identity, id),
                None => (UNKNOWN, 0, [0; 3]),
            };
            let [md5, sha1, sha256] = digests;
            let row = [identity as i64, kind as i64, shape, alike, md5, sha1, sha256, 0, 0];
            for (column, value) in self.persons.iter_mut().zip(row) {
                column.push(value);
            }
            self.firsts.push(first.0, first.1);
        }
        self.persons[if is_edit { IDENTIFIES } else { EVENTS }][number as usize] += 1;
    }

    pub fn merge(&mut self, before: u64, identity: u64) {
        self.link(before, identity, [0; 3], 0);
    }

    /// Links a person to an address; a text that is none is left out.
    pub fn add_address(&mut self, hasher: &Blake, identity: u64, address: &[u8]) {
        let (shape, alike, digests) = self.forms(hasher, address);
        if shape == EMAIL {
            self.link(identity, alike as u64, digests, 1);
        }
    }

    fn link(&mut self, person: u64, other: u64, digests: [i64; 3], is_email: i64) {
        if self.seen.insert([person, other, is_email as u64], ()).is_some() {
            return;
        }
        let [md5, sha1, sha256] = digests;
        for (column, value) in self.links.iter_mut().zip([is_email, person as i64, other as i64, md5, sha1, sha256]) {
            column.push(value);
        }
    }

    fn known_forms(&mut self, hasher: &Blake, identity: u64, id: &[u8]) -> Forms {
        KNOWN.with(|known| {
            let mut known = known.borrow_mut();
            if let Some(forms) = known.get(&identity) {
                return *forms;
            }
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            let forms = self.forms(hasher, id);
            known.insert(identity, forms);
            forms
        })
    }

    fn forms(&mut self, hasher: &Blake, id: &[u8]) -> Forms {
        let chars = std::str::from_utf8(id).map_or(MOST_CHARS + 1, |text| text.chars().count());
        if chars > MOST_CHARS {
            return (UNKNOWN, 0, [0; 3]);
        }
        if is_email(id) {
            let lower = id.to_ascii_lowercase();
            return (EMAIL, self.hash(hasher, b"email:", &lower), self.digests(hasher, &lower));
        }
        if matches!(id.len(), 32 | 40 | 64) && id.iter().all(u8::is_ascii_hexdigit) {
            return (DIGEST, self.hash(hasher, b"digest:", &id.to_ascii_lowercase()), [0; 3]);
        }
        (PLAIN, 0, self.digests(hasher, id))
    }

    fn hash(&mut self, hasher: &Blake, before: &[u8], text: &[u8]) -> i64 {
        self.text.clear();
        self.text.extend_from_slice(before);
        self.text.extend_from_slice(text);
        hasher.of(&self.text)[0] as i64
    }

    fn digests(&mut self, hasher: &Blake, text: &[u8]) -> [i64; 3] {
        let spells: [fn(&[u8], &mut Vec<u8>); 3] = [md5_hex, sha1_hex, sha256_hex];
        spells.map(|spell| {
            self.text.clear();
            self.text.extend_from_slice(b"digest:");
            spell(text, &mut self.text);
            hasher.of(&self.text)[0] as i64
        })
    }
}

/// Whether an ASCII text is like an address: `evidence.addresses`.
fn is_email(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'@');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(domain), None) => {
            let is_full = |label: &[u8]| !label.is_empty();
            let has_space = text.iter().any(|byte| byte.is_ascii_whitespace() || *byte == 0x0b);
            let is_dot = |byte: &u8| *byte == b'.';
            !has_space && !name.is_empty() && domain.iter().any(is_dot) && domain.split(is_dot).all(is_full)
        }
        _ => false,
    }
}
