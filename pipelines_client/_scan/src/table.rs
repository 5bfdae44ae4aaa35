//! Columns that Python copies out, and texts that are numbered when they first come.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A column of texts as Arrow holds one: where each ends, and all bytes.
pub struct Texts {
    pub ends: Vec<i32>,
    pub bytes: Vec<u8>,
}

impl Default for Texts {
    fn default() -> Texts {
        Texts { ends: vec![0], bytes: Vec::new() }
    }
}

impl Texts {
    pub fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as i32);
    }

    pub fn clear(&mut self) {
        self.ends.truncate(1);
        self.bytes.clear();
    }
}

#[derive(Default)]
pub struct Quick(u64);

fn mixed(state: u64, word: u64) -> u64 {
    let product = ((state ^ word) as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    (product as u64) ^ ((product >> 64) as u64) ^ state.rotate_left(29)
}

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.0 = mixed(self.0, u64::from_le_bytes(word.try_into().unwrap()));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        self.0 = mixed(self.0, u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mixed(self.0, word);
    }
}

pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// Numbers texts from 0, in the order in which they first come.
#[derive(Default)]
pub struct Numbered {
    numbers: Map<Vec<u8>, u32>,
    pub texts: Texts,
}

impl Numbered {
    pub fn number(&mut self, text: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(text.to_vec(), number);
        self.texts.push(text);
        number
    }

    pub fn clear(&mut self) {
        self.numbers.clear();
        self.texts.clear();
    }
}

/// The first message of each of some rows: its id and place.
#[derive(Default)]
pub struct Firsts {
    pub ids: Texts,
    pub files: Vec<i64>,
    pub lines: Vec<i64>,
    pub offsets: Vec<i64>,
    pub sizes: Vec<i64>,
}

/// Where a line is.
#[derive(Clone, Copy)]
pub struct Place {
    pub file: i64,
    pub line: i64,
    pub offset: i64,
    pub size: i64,
}

impl Firsts {
    pub fn push(&mut self, id: &[u8], place: Place) {
        self.ids.push(id);
        self.files.push(place.file);
        self.lines.push(place.line);
        self.offsets.push(place.offset);
        self.sizes.push(place.size);
    }

    pub fn clear(&mut self) {
        self.ids.clear();
        for column in [&mut self.files, &mut self.lines, &mut self.offsets, &mut self.sizes] {
            column.clear();
        }
    }
}
